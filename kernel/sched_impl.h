/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the scheduler share: the run queues and their locks.
 *
 *   sched_queue.c    the queues, two locks at once, the birth of a cpu's queue
 *   sched_wake.c     into a queue: which cpu, and does it take over there
 *   sched_balance.c  from one queue to another: stealing, affinity
 *   sched.c          the switch, and sleeping
 *   sched_idle.c     the idle loop
 *   sched_tick.c     the timer's part
 *   sched_stats.c    figures
 *
 * A queue's lock guards the queue, the state, work and place of its threads, and the current
 * thread and the work word of its cpu. It is held over a switch and released by the thread that
 * goes on, so a thread that is seen under it and is not current has left the cpu completely.
 *
 * A thread is in one of these places:
 *   - current on thread->cpu;
 *   - in the tree of that cpu's queue (run.queued), state THREAD_RUNNING;
 *   - asleep: state says so, and whoever wakes it makes it RUNNING;
 *   - on its way: RUNNING, neither queued nor current. It belongs to the one cpu that took it out of
 *     its place and is about to put it into a queue; the others change no more than its settings.
 *
 * thread->cpu changes only on the way, under the locks of both queues; the one of the lower cpu is
 * taken first. They are leaves but for the timer's hardware.
 */
#pragma once

#include <arch/irq.h>
#include <arch/smp.h>
#include <base/atomic.h>
#include <base/percpu.h>
#include <base/spinlock.h>
#include <kernel/run_queue.h>
#include <kernel/sched.h>
#include <kernel/thread.h>
#include <kernel/time.h>

#define SLICES_PER_SECOND 250 /* while others wait */

struct run_queue {
    struct spinlock lock;
    struct run_tree tree;
    struct thread *idle;
    struct thread *left; /* has just left the cpu: dead, or on its way to another one */
    struct cpu *cpu;
    u64 charged;     /* time up to which the current thread has been charged, ticks */
    u64 turn_start;  /* when it got the cpu */
    u64 fresh_ticks; /* busy time since the last sample */
    u64 user_ticks;
    u64 system_ticks;
    u32 blocked; /* threads of this queue in uninterruptible sleep */
    u32 crowded; /* slices that ended while others waited, since a thread was moved */
    struct sched_counters counters;
} __aligned(64);

extern struct run_queue run_queues[CPU_MAX];

/* Periods in ticks: sched_queue.c says what they are. */
extern u64 sched_slice_ticks, sched_sample_ticks, sched_preempt_ticks;

/*
 * Bit n: the idle thread of cpu n has found nothing to do, and nobody has come into its queue since.
 * Changes under that queue's lock; read without it, it is good advice. A cache line of its own.
 */
extern struct sched_idle_set {
    u32 cpus;
} __aligned(64) sched_idle_set;

static inline struct run_queue *this_queue(void)
{
    return this_cpu()->queue;
}

static inline struct thread *thread_of(struct run_entity *e)
{
    return container_of(e, struct thread, run);
}

static inline u32 bit_of(const struct run_queue *rq)
{
    return 1u << rq->cpu->id;
}

static inline bool may_run_on(const struct thread *t, u32 cpu)
{
    return t->affinity & BIT(cpu);
}

/* The thread's queue, locked. Its cpu may change until the lock is held. */
static inline struct run_queue *lock_queue_of(struct thread *t, irqflags_t *flags)
{
    u32 cpu;

    *flags = arch_irq_save();
    for (;;) {
        cpu = READ_ONCE(t->cpu);
        spin_lock_nested(&run_queues[cpu].lock);
        if (likely(cpu == t->cpu))
            return &run_queues[cpu];
        spin_unlock_nested(&run_queues[cpu].lock);
    }
}

/* Charges the current thread of this cpu up to `now`. */
static __always_inline void charge(struct run_queue *rq, struct thread *current, u64 now)
{
    u64 ticks = now - rq->charged;

    rq->charged = now;
    if (current == rq->idle) {
        current->run.ticks += ticks;
        return;
    }
    rq->fresh_ticks += ticks;
    run_charge(&rq->tree, &current->run, ticks);
}

/* How long the thread may run until its cpu time is to be compared with limits; it has been charged. */
static __always_inline u64 check_after(const struct thread *t)
{
    s64 left = (s64)(t->check_at - t->run.ticks);

    return left > 0 ? (u64)left : 0;
}

/* When the current thread, which has been charged, is to be looked at again, seen from now. */
static __always_inline u64 sched_look_after(const struct run_queue *rq, const struct thread *t)
{
    u64 period = rq->tree.count ? sched_slice_ticks : sched_sample_ticks;

    return t == rq->idle ? TIME_NEVER : MIN(period, check_after(t));
}

/*
 * The current thread had not entered the kernel since its last sample (CPU_WORK_ENTRY), and now has: it
 * is charged with user time until then. Its queue is held; in the trap or call of that entry.
 */
void sched_end_quiet(struct run_queue *rq, struct thread *t);

/* Charges the current thread of a cpu, perhaps another one, which has not been for long. */
void sched_catch_up(struct run_queue *rq);

/*
 * Before a thread is given its place in a queue: the queue's time stands still while its current thread
 * computes alone and nobody looks.
 */
static __always_inline void catch_up(struct run_queue *rq)
{
    if (unlikely(rq->cpu->work & CPU_WORK_ENTRY))
        sched_catch_up(rq);
}

/* Takes the second lock of two, `held` being held; may have to let go of that one meanwhile. */
void sched_lock_second(struct run_queue *held, struct run_queue *other);

/*
 * A thread on its way changes queues: `from` (its own) is held at entry, the result at the return.
 * Interrupts off.
 */
struct run_queue *sched_change_queue(struct run_queue *from, struct thread *t, u32 cpu);

/* Puts a thread on its way into its queue, which is released, and lets it take over there if it should. */
void sched_enqueue(struct run_queue *rq, struct thread *t);

/*
 * Makes the cpu whose queue is held enter the scheduler soon. Whether it is another one, which has to be
 * interrupted for that: sched_release().
 */
static __always_inline bool sched_ask(struct run_queue *rq)
{
    struct cpu *cpu = rq->cpu;

    /* Where the bit is set already, an interrupt is on its way or the cpu is about to look. */
    if (cpu->work & CPU_WORK_RESCHED)
        return false;
    WRITE_ONCE(cpu->work, cpu->work | CPU_WORK_RESCHED);
    return cpu != this_cpu();
}

/*
 * Releases a queue and then, if wanted, interrupts its cpu: a call of the firmware, for which nobody shall wait at
 * the lock, the interrupted cpu least of all. Interrupts stay off.
 *
 * Nothing is lost in between. What the cpu is to find (its work, its queue) was stored before, and is visible
 * before the interrupt is sent. The idle loop looks at it with interrupts off and then waits for one: either it has seen
 * what was stored, or the interrupt comes after it looked, is pending, and ends the wait. Should the cpu have found
 * everything by itself by then, it is interrupted once for nothing. Another waker who meanwhile sees CPU_WORK_RESCHED
 * set and sends no interrupt relies on this one, which comes: interrupts are off here, and nothing is waited for.
 */
static __always_inline void sched_release(struct run_queue *rq, bool interrupt)
{
    spin_unlock_nested(&rq->lock);
    if (interrupt)
        arch_ipi(rq->cpu->id);
}

/* Puts a thread on its way, its queue held, into the queue of a cpu where it may run; unlocks that. */
void sched_settle(struct run_queue *rq, struct thread *t);

/*
 * This cpu has nothing to do: takes the thread of others that has waited longest for its share.
 * Whether this cpu should enter the scheduler. Interrupts off, nothing held; the idle thread only.
 */
bool sched_steal(void);

/*
 * A slice has ended on this cpu while others wait: sees to it that another cpu which has less to do gets one
 * of them. Interrupts off, nothing held.
 */
void sched_balance(void);

/* How many threads run or wait on a cpu. Not locked: advice. */
u32 sched_load(u32 cpu);
