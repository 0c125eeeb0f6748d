/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler's part of interrupts: slices that end, and samples of where time is spent.
 *
 * Where others wait, the timer comes once a slice. A thread that runs alone is sampled now and then to
 * learn how much of its time the kernel uses, but only while it enters the kernel: the sample that
 * finds it in user mode is the last one, and its next entry (CPU_WORK_ENTRY, timed by arch/) asks for
 * another. What lies between was user time to the tick. So a thread that only computes is not
 * interrupted, and neither is an idle cpu.
 */
#include "sched_impl.h"

#include <arch/trap.h>
#include <kernel/tick.h>
#include <kernel/time.h>

/* The sample says in which mode the time since the last one was spent. */
static void sample(struct run_queue *rq, struct thread *t, bool user)
{
    if (t == rq->idle)
        return; /* says nothing of the time that was not idle */
    if (user)
        rq->user_ticks += rq->fresh_ticks;
    else
        rq->system_ticks += rq->fresh_ticks;
    rq->fresh_ticks = 0;
    run_sample(&t->run, user);
}

void sched_end_quiet(struct run_queue *rq, struct thread *t)
{
    u64 entered = arch_entry_ticks();

    if ((s64)(entered - rq->charged) > 0) /* else it was charged after it came in */
        charge(rq, t, entered);
    sample(rq, t, true);
    this_cpu()->work &= ~CPU_WORK_ENTRY;
}

void sched_entered(void)
{
    struct run_queue *rq = this_queue();
    irqflags_t flags = spin_lock(&rq->lock);

    if (rq->cpu->work & CPU_WORK_ENTRY) {
        sched_end_quiet(rq, current_thread());
        tick_request(rq->charged + sched_look_after(rq, current_thread()));
    }
    spin_unlock(&rq->lock, flags);
}

/* Whether others wait and the slice is over: who waits takes over if he has had less. */
static bool end_slice(struct run_queue *rq, struct thread *t, u64 now)
{
    if (!rq->tree.first || now - rq->turn_start < sched_slice_ticks)
        return false;
    rq->turn_start = now;
    rq->crowded++;
    if (t == rq->idle || run_before(rq->tree.first, &t->run))
        sched_ask(rq);
    return true;
}

/* When the cpu time of the current thread is to be compared with limits. */
static u64 check_deadline(const struct run_queue *rq, const struct thread *t)
{
    return t->check_at == THREAD_UNCHECKED ? TIME_NEVER : rq->charged + check_after(t);
}

static u64 next_tick(struct run_queue *rq, struct thread *t, u64 now, bool user)
{
    u64 check = check_deadline(rq, t);

    if (t == rq->idle)
        return TIME_NEVER;
    if (rq->tree.count)
        return MIN(rq->turn_start + sched_slice_ticks, check);
    if (!user)
        return MIN(now + sched_sample_ticks, check);
    /* In user mode, alone: it need not be looked at until it comes in. */
    WRITE_ONCE(rq->cpu->work, rq->cpu->work | CPU_WORK_ENTRY);
    return check;
}

void sched_tick(u64 now, bool user)
{
    struct run_queue *rq = this_queue();
    struct thread *t = current_thread();
    bool ended;

    spin_lock_nested(&rq->lock);
    rq->counters.ticks++;
    if (rq->cpu->work & CPU_WORK_ENTRY && !user)
        sched_end_quiet(rq, t);
    charge(rq, t, now);
    sample(rq, t, user);
    ended = end_slice(rq, t, now);
    spin_unlock_nested(&rq->lock);
    if (ended)
        sched_balance();
}

u64 sched_next_tick(u64 now, bool user)
{
    struct run_queue *rq = this_queue();
    u64 deadline;

    spin_lock_nested(&rq->lock);
    deadline = next_tick(rq, current_thread(), now, user);
    spin_unlock_nested(&rq->lock);
    return deadline;
}

/* --- limits on cpu time --- */

void sched_check_after(struct thread *t, u64 ns)
{
    irqflags_t flags;
    struct run_queue *rq = lock_queue_of(t, &flags);
    bool runs = rq->cpu->current == t, here = rq == this_queue();

    t->check_at = ns == TIME_NEVER ? THREAD_UNCHECKED : t->run.ticks + time_ns_to_ticks(ns);
    if (runs && here)
        tick_request(check_deadline(rq, t));
    sched_release(rq, runs && !here && ns != TIME_NEVER); /* sched_ipi there does the same */
    arch_irq_restore(flags);
}

bool sched_check_due(void)
{
    return !check_after(current_thread());
}

/* --- other cpus --- */

/* What the timer here has to know of what another cpu has done to the queue or the current thread. */
void sched_ipi(void)
{
    struct run_queue *rq = this_queue();
    struct thread *t = current_thread();

    if (t == rq->idle)
        return; /* the idle loop looks for itself */
    spin_lock_nested(&rq->lock);
    tick_request(check_deadline(rq, t));
    if (rq->tree.count)
        tick_request(rq->turn_start + sched_slice_ticks);
    spin_unlock_nested(&rq->lock);
}
