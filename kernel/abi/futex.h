/* SPDX-License-Identifier: BSD-2-Clause */
/* Futexes, for those in the kernel who wake them. */
#pragma once

#include <lib/types.h>

/* Wakes up to `count` threads that wait on the word at `addr`; how many, or -EFAULT, -EINVAL. */
long futex_wake_address(vaddr_t addr, u32 count);

struct thread;

/*
 * The current thread leaves its memory or ends: the locks that it still has, and others wait for, are theirs, and
 * nobody else comes to wait for it until it goes on with t->pi_gone cleared.
 */
void futex_pi_thread_gone(struct thread *t);
