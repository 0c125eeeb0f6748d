/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads without a C library: clone, and a futex to wait for the end. A thread runs on the stack that it
 * is given, shares everything with its creator, and finds in tp what thread_start was told.
 */
#ifndef USER_THREAD_H
#define USER_THREAD_H

#include <lib/types.h>

struct thread {
    u32 tid; /* the kernel writes it before the thread runs, and zero when the thread has ended */
};

/* Starts fn(arg) on the `size` bytes at `stack`, with `tp` in the register of that name. 0 or -errno. */
long thread_start(struct thread *t, void *stack, size_t size, void (*fn)(void *arg), void *arg,
                  u64 tp);

/* Waits until the thread does not use its stack any more. */
void thread_join(struct thread *t);

/* A lock that sleeps, of threads, or of processes that share its memory. Zero is free. */
struct lock {
    u32 state; /* 0 free, 1 held, 2 held and somebody may sleep */
};

void lock_take(struct lock *l);
void lock_release(struct lock *l);

#endif
