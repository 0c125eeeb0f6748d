/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler's part of interrupts: slices that end, samples of where time is spent.
 */
#include "sched_impl.h"

#include <kernel/tick.h>
#include <kernel/time.h>

/* The sample says in which mode the time since the last one was spent. */
static void sample(struct run_queue *rq, struct thread *t, bool user)
{
    if (user)
        rq->user_ticks += rq->fresh_ticks;
    else
        rq->system_ticks += rq->fresh_ticks;
    rq->fresh_ticks = 0;
    run_sample(&t->run, user);
}

u64 sched_tick(u64 now, bool user)
{
    struct run_queue *rq = this_queue();
    struct thread *t = current_thread();
    struct run_entity *first;
    u64 deadline;

    spin_lock_nested(&rq->lock);
    rq->counters.ticks++;
    charge(rq, t, now);
    sample(rq, t, user);
    first = rq->tree.first;
    if (first && now - rq->turn_start >= sched_slice_ticks) {
        rq->turn_start = now;
        if (t == rq->idle || run_before(first, &t->run))
            sched_ask(rq);
        sched_offer(rq);
    }
    deadline = sched_look_after(rq, t);
    if (deadline != TIME_NEVER)
        deadline += first ? rq->turn_start : now;
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
