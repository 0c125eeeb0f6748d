/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Failing allocations on purpose: the K-th page or slab allocation after arming returns NULL.
 *
 * One shot at a time for the whole machine: failalloc=K on the command line (everybody's allocations
 * count, from pid 1's exec on), or a thread's own count (/proc/self/fail-nth).
 */
#pragma once

#include <lib/types.h>

struct thread;

/* Allocations still to be counted, the failing one included; 0: off. Read by the fast paths. */
extern u32 failalloc_armed;

/* Called once by pid 1's first exec, when it cannot fail any more: arms failalloc=K if given. */
void failalloc_start(void);

/* Arms: the k-th allocation from now on fails; of any thread, or of the calling one. 0 disarms. */
void failalloc_arm(u32 k);
void failalloc_arm_thread(u32 k);

/* The end of a thread: what it armed is off, and no successor at its address inherits it. */
void failalloc_forget(const struct thread *thread);

/* What is left to count: k before the first allocation, 0 when it was hit or nothing is armed. */
u32 failalloc_left(void);

/* For the allocators, when failalloc_armed: counts one allocation; true: it must fail. */
bool failalloc_hit(const char *what, size_t size);
