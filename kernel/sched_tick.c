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

#include <arch/time.h>
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
    charge(rq, t, arch_entry_ticks());
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

/* Who waits takes over if he has had less; if he has to wait on, another cpu may want him. */
static void end_slice(struct run_queue *rq, struct thread *t, u64 now)
{
    rq->turn_start = now;
    if (t == rq->idle || run_before(rq->tree.first, &t->run))
        sched_ask(rq);
    sched_offer(rq);
}

/* When the timer is wanted next, in ticks. `user`: in user mode, alone, nothing need happen any more. */
static u64 next_tick(struct run_queue *rq, struct thread *t, u64 now, bool user)
{
    u64 after = sched_look_after(rq, t);

    if (after == TIME_NEVER)
        return TIME_NEVER;
    if (rq->tree.count)
        return rq->turn_start + after;
    if (!user || t->sample_often)
        return now + after;
    WRITE_ONCE(rq->cpu->work, rq->cpu->work | CPU_WORK_ENTRY);
    return TIME_NEVER;
}

u64 sched_tick(u64 now, bool user)
{
    struct run_queue *rq = this_queue();
    struct thread *t = current_thread();
    u64 deadline;

    spin_lock_nested(&rq->lock);
    rq->counters.ticks++;
    if (rq->cpu->work & CPU_WORK_ENTRY && !user)
        sched_end_quiet(rq, t);
    charge(rq, t, now);
    sample(rq, t, user);
    if (rq->tree.first && now - rq->turn_start >= sched_slice_ticks)
        end_slice(rq, t, now);
    deadline = next_tick(rq, t, now, user);
    spin_unlock_nested(&rq->lock);
    return deadline;
}

void sched_ipi(void)
{
    struct run_queue *rq = this_queue();

    spin_lock_nested(&rq->lock);
    if (rq->tree.count && current_thread() != rq->idle)
        tick_request(rq->turn_start + sched_slice_ticks);
    spin_unlock_nested(&rq->lock);
}
