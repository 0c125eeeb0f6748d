/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From one queue to another: an idle cpu steals from the busiest; a busy one whose slice ends while
 * others wait tells an idle one, or gives a thread to one that has fewer; and a thread leaves a cpu on
 * which it may no longer run.
 *
 * Between the queues a thread keeps what it is ahead or behind of its fellows: run_rebase().
 */
#include "sched_impl.h"

#include <arch/smp.h>
#include <lib/bits.h>
#include <lib/errno.h>

/*
 * A queue that is longer than another by one thread only keeps it for so many slices: with one thread
 * more than cpus, each in turn shares.
 */
#define CROWDED_SLICES 16

/* Who is furthest behind its share of those that may run on `cpu`, or NULL. */
static struct thread *first_for(struct run_queue *rq, u32 cpu)
{
    for (struct run_entity *e = rq->tree.first; e; e = run_next(&rq->tree, e))
        if (may_run_on(thread_of(e), cpu))
            return thread_of(e);
    return NULL;
}

/* Both queues are held, none at the return. Whether there was somebody to move. */
static bool move_one(struct run_queue *from, struct run_queue *to)
{
    struct thread *t = first_for(from, to->cpu->id);

    if (t) {
        run_remove(&from->tree, &t->run);
        catch_up(to);
        run_rebase(&t->run, &from->tree, &to->tree);
        WRITE_ONCE(t->cpu, to->cpu->id);
        to->counters.migrations++;
        to->crowded = 0;
    }
    spin_unlock_nested(&from->lock);
    if (t)
        sched_enqueue(to, t);
    else
        spin_unlock_nested(&to->lock);
    return t;
}

/* --- stealing --- */

/* How many wait on a cpu behind another one. The first one that has come to an idle cpu does not wait. */
static u32 waiters(const struct run_queue *rq)
{
    u32 count = READ_ONCE(rq->tree.count);

    return count && READ_ONCE(rq->cpu->current) == rq->idle ? count - 1 : count;
}

/* The longest queue among `cpus`, or NULL when nobody waits there. Not locked: advice. */
static struct run_queue *busiest(u32 cpus)
{
    struct run_queue *found = NULL;
    u32 most = 0, count;

    for (; cpus; cpus &= cpus - 1) {
        struct run_queue *rq = &run_queues[bits_lowest(cpus)];
        count = waiters(rq);
        if (count > most) {
            most = count;
            found = rq;
        }
    }
    return found;
}

/* Takes a thread of another queue into this cpu's. Whether there is one in it now. */
static bool steal_from(struct run_queue *from, struct run_queue *to)
{
    spin_lock_nested(&to->lock);
    sched_lock_second(to, from);
    if (move_one(from, to)) {
        to->counters.steals++;
        return true;
    }
    return READ_ONCE(to->tree.count);
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
        some = steal_from(victim, rq);
    }
    return some;
}

/* --- giving away --- */

/* Cpus on which one or another of those who wait here may run. */
static u32 movable_to(struct run_queue *rq)
{
    u32 cpus = 0;

    spin_lock_nested(&rq->lock);
    for (struct run_entity *e = rq->tree.first; e && cpus != ~0u; e = run_next(&rq->tree, e))
        cpus |= (u32)thread_of(e)->affinity;
    spin_unlock_nested(&rq->lock);
    return cpus & cpu_online_set() & ~bit_of(rq);
}

/* The least loaded of `cpus`, from the one after this on; NULL: there are none. */
static struct run_queue *least_loaded(const struct run_queue *rq, u32 cpus)
{
    u32 cpu = rq->cpu->id, least = ~0u;
    struct run_queue *found = NULL;

    for (u32 n = cpu_count() - 1; n > 0; n--) {
        cpu = cpu + 1 < cpu_count() ? cpu + 1 : 0;
        if (cpus & 1u << cpu && sched_load(cpu) < least) {
            least = sched_load(cpu);
            found = &run_queues[cpu];
        }
    }
    return found;
}

static void push(struct run_queue *rq, struct run_queue *to)
{
    spin_lock_nested(&rq->lock);
    rq->crowded = 0;
    sched_lock_second(rq, to);
    move_one(rq, to);
}

void sched_balance(void)
{
    struct run_queue *to, *rq = this_queue();
    u32 load = sched_load(rq->cpu->id), cpus = movable_to(rq), other;
    u32 idle = READ_ONCE(sched_idle_set.cpus) & cpus;

    if (idle) {
        arch_ipi(bits_lowest(idle)); /* it tries to steal whenever it has been interrupted */
        return;
    }
    to = least_loaded(rq, cpus);
    if (!to)
        return;
    other = sched_load(to->cpu->id);
    if (load > other + 1 || (load > other && rq->crowded >= CROWDED_SLICES))
        push(rq, to);
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
        sched_release(rq, rq->cpu->current == t && sched_ask(rq)); /* it leaves on its way */
    }
    arch_irq_restore(flags);
    return 0;
}

void sched_visit_cpus(void)
{
    struct thread *t = current_thread();
    u64 home = t->affinity;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        while (cpu_online(cpu) && cpu_id() != cpu) {
            sched_set_affinity(t, BIT(cpu));
            sched_preempt();
        }
    }
    sched_set_affinity(t, home);
}
