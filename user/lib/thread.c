/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads and locks by system calls alone. Futexes are not private: locks may lie in shared memory. */
#include "thread.h"
#include "sys.h"

#include <abi/linux/futex.h>
#include <abi/linux/sched.h>

#define THREAD_FLAGS                                                                    \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* In thread_clone.S. */
long thread_clone(u64 flags, void *stack_top, u32 *parent_tid, u64 tls, u32 *child_tid,
                  void (*fn)(void *arg), void *arg);

long thread_start(struct thread *t, void *stack, size_t size, void (*fn)(void *arg), void *arg,
                  u64 tp)
{
    long rc = thread_clone(THREAD_FLAGS, (char *)stack + size, &t->tid, tp, &t->tid, fn, arg);

    return rc < 0 ? rc : 0;
}

void thread_join(struct thread *t)
{
    u32 tid;

    while ((tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)))
        SYS(futex, &t->tid, FUTEX_WAIT, tid, 0);
}

void lock_take(struct lock *l)
{
    u32 free = 0;

    if (__atomic_compare_exchange_n(&l->state, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&l->state, 2, __ATOMIC_ACQUIRE))
        SYS(futex, &l->state, FUTEX_WAIT, 2, 0);
}

void lock_release(struct lock *l)
{
    if (__atomic_exchange_n(&l->state, 0, __ATOMIC_RELEASE) == 2)
        SYS(futex, &l->state, FUTEX_WAKE, 1, 0);
}
