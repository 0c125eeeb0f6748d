/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Figures of threads and cpus, and the settings that only change figures.
 *
 * The clocks of two cpus may differ by a tick or two, so what a cpu has not been charged with yet,
 * seen from another, may come out below zero: then it is nothing.
 */
#include "sched_impl.h"

#include <arch/time.h>
#include <kernel/time.h>

void sched_set_nice(struct thread *t, int nice)
{
    irqflags_t flags;
    struct run_queue *rq = lock_queue_of(t, &flags);

    run_set_nice(&t->run, nice);
    spin_unlock(&rq->lock, flags);
}

/* What the current thread of a cpu, whose queue is held, has run since it was charged last. */
static u64 uncharged(const struct run_queue *rq)
{
    u64 now = arch_ticks();

    return now > rq->charged ? now - rq->charged : 0;
}

/* What is known to be user time of a cpu before a sample says so: nobody takes one. */
static u64 known_user(const struct run_queue *rq)
{
    return rq->cpu->work & CPU_WORK_ENTRY ? rq->fresh_ticks + uncharged(rq) : 0;
}

void sched_thread_ticks(struct thread *t, u64 *total, u64 *user)
{
    irqflags_t flags;
    struct run_queue *rq = lock_queue_of(t, &flags);
    u64 ticks = t->run.ticks;

    if (rq->cpu->current == t)
        ticks += uncharged(rq);
    *total = ticks;
    /* What no sample has seen counts as user time, as nearly all short programs are. */
    *user = ticks - t->run.system_ticks;
    spin_unlock(&rq->lock, flags);
}

u64 sched_slice_ns(void)
{
    return NSEC_PER_SEC / SLICES_PER_SECOND;
}

void sched_cpu_stats(u32 cpu, struct sched_stats *out)
{
    struct run_queue *rq = &run_queues[cpu];
    struct thread *current;
    irqflags_t flags;

    *out = (struct sched_stats){.runnable = 0};
    if (!cpu_online(cpu))
        return;
    flags = spin_lock(&rq->lock);
    current = rq->cpu->current;
    out->counters = rq->counters;
    out->user_ticks = rq->user_ticks + known_user(rq);
    out->system_ticks = rq->system_ticks;
    out->idle_ticks = rq->idle->run.ticks;
    if (current == rq->idle)
        out->idle_ticks += uncharged(rq);
    out->runnable = rq->tree.count + (current != rq->idle);
    out->blocked = rq->blocked;
    spin_unlock(&rq->lock, flags);
}
