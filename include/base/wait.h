/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting: how anything in the kernel sleeps until something becomes true.
 *
 * The pattern is: look at the condition, and if it does not hold, sleep on the queue that is
 * woken whenever it may have changed. wait_event() and its relatives do that without losing a
 * wake-up: the thread is on the queue and marked as sleeping before the condition is looked at.
 *
 * Sleeping needs a thread, interrupts on, and no spinlock held. Waking works anywhere.
 * Lock order: a queue's lock comes before the scheduler's run queue locks and after everything
 * else that may be held around wake_one()/wake_all().
 */
#pragma once

#include <base/percpu.h>
#include <base/spinlock.h>
#include <lib/errno.h>
#include <lib/list.h>
#include <lib/types.h>

struct thread;

struct wait_queue {
    struct spinlock lock;
    struct list waiters; /* struct waiter */
};

#define WAIT_QUEUE_INIT(wq, n)                                       \
    {                                                                \
        .lock = SPINLOCK_INIT(n), .waiters = LIST_INIT((wq).waiters) \
    }

struct waiter {
    struct list link;
    struct thread *thread;
    struct wait_queue *queue; /* NULL while not queued */
    /*
     * NULL: `thread` is woken. Else this is called in its place, under the queue's lock and in any context, and
     * says whether it counts as the one that wake_one() looks for. `served` is false at the first call of a
     * wake-up and for the callees' own use among themselves.
     */
    bool (*call)(struct waiter *w, bool *served);
};

enum wait_mode {
    WAIT_UNINTERRUPTIBLE,
    WAIT_INTERRUPTIBLE, /* a pending signal ends the sleep with -EINTR */
};

/* No deadline. Deadlines are absolute, in nanoseconds of time_now_ns(). */
#define WAIT_FOREVER (~0ull)

void wait_queue_init(struct wait_queue *wq, const char *name);

/* Low level, for sleeping on several queues at once (poll): add, prepare, check, sleep, remove. */
void waiter_add(struct wait_queue *wq, struct waiter *w);
void waiter_remove(struct waiter *w);

/* A waiter that outlives the call: `call` hears of each wake-up until waiter_remove(), which waits for one under way. */
void waiter_add_call(struct wait_queue *wq, struct waiter *w,
                     bool (*call)(struct waiter *w, bool *served));

/*
 * Wakes waiters: one (the longest asleep) or all. Cheap when nobody waits: one load after the
 * full fence that orders it behind the caller's change of the condition.
 */
void wake_one(struct wait_queue *wq);
void wake_all(struct wait_queue *wq);

/*
 * Named upcalls, implemented by the scheduler (kernel/sched.c).
 * sched_prepare: marks the current thread as sleeping; from now on sched_wake() makes it runnable.
 * sched_block: gives the cpu away if the thread is still marked; returns 0 when woken, -ETIMEDOUT,
 *   or -EINTR (a signal is pending, WAIT_INTERRUPTIBLE only).
 * sched_unprepare: takes the mark back without sleeping.
 * sched_wake: makes a marked thread runnable; false (and harmless) on others.
 */
void sched_prepare(enum wait_mode mode);
int sched_block(u64 deadline);
void sched_unprepare(void);
bool sched_wake(struct thread *thread);

/* One more: lets others run if they have had less than the current thread. See yield_point(). */
void sched_preempt(void);

/*
 * For loops that may take long in the kernel, which is not preempted: gives the cpu away if it is
 * somebody else's turn. In a thread, interrupts on, no spinlock held; sleeping locks may be.
 */
static inline void yield_point(void)
{
    lock_check_may_sleep();
    if (unlikely(READ_ONCE(this_cpu()->work) & CPU_WORK_RESCHED))
        sched_preempt();
}

/*
 * The loop behind the macros. ev_cond is evaluated at least once, and again after each wake-up, but never again
 * after it was true: it may take what it finds, as wait4 does.
 */
#define wait_event_core(wq, ev_cond, deadline, mode) \
    ({                                               \
        int ev_rc = 0;                               \
        lock_check_may_sleep();                      \
        if (!(ev_cond)) {                            \
            struct waiter ev_w = {.queue = NULL};    \
            waiter_add((wq), &ev_w);                 \
            for (;;) {                               \
                sched_prepare(mode);                 \
                if (ev_cond) {                       \
                    ev_rc = 0;                       \
                    break;                           \
                }                                    \
                if (ev_rc)                           \
                    break;                           \
                ev_rc = sched_block(deadline);       \
            }                                        \
            sched_unprepare();                       \
            waiter_remove(&ev_w);                    \
            if (ev_rc && (ev_cond))                  \
                ev_rc = 0;                           \
        }                                            \
        ev_rc;                                       \
    })

/* Sleeps until cond holds. */
#define wait_event(wq, cond) \
    ((void)wait_event_core((wq), (cond), WAIT_FOREVER, WAIT_UNINTERRUPTIBLE))

/* The same; 0, or -EINTR when a signal is pending and cond does not hold. */
#define wait_event_interruptible(wq, cond) \
    wait_event_core((wq), (cond), WAIT_FOREVER, WAIT_INTERRUPTIBLE)

/* The same with a deadline: 0, -EINTR or -ETIMEDOUT. */
#define wait_event_until(wq, cond, deadline, interruptible) \
    wait_event_core((wq), (cond), (deadline),               \
                    (interruptible) ? WAIT_INTERRUPTIBLE : WAIT_UNINTERRUPTIBLE)
