/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From one queue to another: an idle cpu steals from the busiest, a busy one tells an idle one that
 * there is something to steal, and a thread leaves a cpu on which it may no longer run.
 *
 * Between the queues a thread keeps what it is ahead or behind of its fellows: run_rebase().
 */
#include "sched_impl.h"

#include <arch/smp.h>
#include <lib/bits.h>
#include <lib/errno.h>

/* --- stealing --- */

/* The longest queue among `cpus`, or NULL when nobody waits there. Not locked: advice. */
static struct run_queue *busiest(u32 cpus)
{
    struct run_queue *found = NULL;
    u32 most = 0, count;

    for (; cpus; cpus &= cpus - 1) {
        struct run_queue *rq = &run_queues[bits_lowest(cpus)];
        count = READ_ONCE(rq->tree.count);
        if (count > most) {
            most = count;
            found = rq;
        }
    }
    return found;
}

/* Who is furthest behind its share of those that may run on `cpu`, or NULL. */
static struct thread *first_for(struct run_queue *rq, u32 cpu)
{
    for (struct run_entity *e = rq->tree.first; e; e = run_next(&rq->tree, e))
        if (may_run_on(thread_of(e), cpu))
            return thread_of(e);
    return NULL;
}

/* Takes a thread of `from` into this cpu's queue, `to`, which is held. */
static bool steal_from(struct run_queue *from, struct run_queue *to)
{
    struct thread *t;

    sched_lock_second(to, from);
    t = first_for(from, cpu_id());
    if (t) {
        run_remove(&from->tree, &t->run);
        run_rebase(&t->run, &from->tree, &to->tree);
        WRITE_ONCE(t->cpu, cpu_id());
        to->counters.migrations++;
        to->counters.steals++;
    }
    spin_unlock_nested(&from->lock);
    if (t)
        sched_enqueue(to, t);
    return t;
}

static void mark_idle(struct run_queue *rq)
{
    spin_lock_nested(&rq->lock);
    if (!rq->tree.count)
        atomic_fetch_or(&sched_idle_set.cpus, bit_of(rq));
    spin_unlock_nested(&rq->lock);
    atomic_fence();
}

bool sched_steal(void)
{
    struct run_queue *victim, *rq = this_queue();
    u32 others = cpu_online_set() & ~bit_of(rq);
    bool some = false;

    if (!(READ_ONCE(sched_idle_set.cpus) & bit_of(rq)))
        mark_idle(rq);
    while (!some && (victim = busiest(others))) {
        others &= ~bit_of(victim);
        spin_lock_nested(&rq->lock);
        some = steal_from(victim, rq) || rq->tree.count;
        spin_unlock_nested(&rq->lock);
    }
    return some;
}

/* The idle cpu tries to steal whenever it has been interrupted. */
void sched_offer(struct run_queue *rq)
{
    struct run_entity *first = rq->tree.first;
    u32 idle = READ_ONCE(sched_idle_set.cpus);

    if (idle && first)
        idle &= (u32)thread_of(first)->affinity;
    if (idle && first)
        arch_ipi(bits_lowest(idle));
}

/* --- affinity --- */

int sched_set_affinity(struct thread *t, u64 mask)
{
    struct run_queue *rq;
    irqflags_t flags;

    if (!(mask & cpu_online_set()))
        return -EINVAL;
    rq = lock_queue_of(t, &flags);
    t->affinity = mask;
    if (may_run_on(t, t->cpu)) {
        spin_unlock_nested(&rq->lock);
    } else if (t->run.queued) {
        run_remove(&rq->tree, &t->run);
        sched_settle(rq, t);
    } else {
        if (rq->cpu->current == t)
            sched_ask(rq); /* it leaves on its way */
        spin_unlock_nested(&rq->lock);
    }
    arch_irq_restore(flags);
    return 0;
}
