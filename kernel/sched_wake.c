/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Into a queue: new threads and those that wake up. Which cpu gets them, and whether they take
 * over there at once.
 *
 * A woken thread goes where it last ran if that cpu is idle, else to an idle one, else again to
 * where it last ran: its data may still be in that cache. A new one, which has no data, goes to the
 * cpu with the least to do. Wake-ups read no clock.
 */
#include "sched_impl.h"

#include <arch/smp.h>
#include <base/panic.h>
#include <base/wait.h>
#include <kernel/tick.h>
#include <kernel/timer.h>
#include <lib/bits.h>

/* --- taking over --- */

/* `t` has come into the queue of its cpu, released here: does it take over now, or at the end of a slice? */
static __always_inline void consider_preemption(struct run_queue *rq, struct thread *t)
{
    struct thread *current = rq->cpu->current;
    u64 lead = sched_preempt_ticks << RUN_SHIFT;
    bool interrupt = false;

    if ((s64)(current->run.vruntime - t->run.vruntime) > (s64)lead)
        interrupt = sched_ask(rq);
    else if (rq == this_queue())
        tick_request(rq->turn_start + sched_slice_ticks);
    else
        interrupt = rq->tree.count == 1; /* somebody waits there now: sched_ipi does the same */
    sched_release(rq, interrupt);
}

static __noinline void end_idling(struct run_queue *rq)
{
    if (READ_ONCE(sched_idle_set.cpus) & bit_of(rq))
        atomic_fetch_and(&sched_idle_set.cpus, ~bit_of(rq));
    sched_release(rq, sched_ask(rq));
}

static __always_inline void enqueue(struct run_queue *rq, struct thread *t)
{
    run_insert(&rq->tree, &t->run);
    if (unlikely(rq->cpu->current == rq->idle))
        end_idling(rq);
    else
        consider_preemption(rq, t);
}

void sched_enqueue(struct run_queue *rq, struct thread *t)
{
    enqueue(rq, t);
}

/* --- which cpu --- */

u32 sched_load(u32 cpu)
{
    return READ_ONCE(run_queues[cpu].tree.count) +
           (READ_ONCE(cpu_table[cpu].current) != run_queues[cpu].idle);
}

/* Of those that the mask allows, of which one is online. Among equals this cpu comes first. */
static u32 least_loaded(u64 affinity)
{
    u32 allowed = (u32)affinity & cpu_online_set();
    u32 least = ~0u, load, cpu = cpu_id(), best = cpu;

    DEBUG_ASSERT(allowed);
    for (u32 n = cpu_count(); n > 0; n--, cpu = cpu + 1 < cpu_count() ? cpu + 1 : 0) {
        if (!(allowed & 1u << cpu))
            continue;
        load = sched_load(cpu);
        if (load < least) {
            least = load;
            best = cpu;
        }
    }
    return best;
}

/* For a thread that has run before. */
static __always_inline u32 choose_again(const struct thread *t)
{
    u32 idle = READ_ONCE(sched_idle_set.cpus) & (u32)t->affinity;
    u32 last = 1u << t->cpu;

    if (likely(t->affinity & last) && (!idle || idle & last))
        return t->cpu;
    return idle ? bits_lowest(idle) : least_loaded(t->affinity);
}

/*
 * A thread on its way goes to `cpu`; its queue is held, then the one where it is now. Its affinity may change
 * while neither is: then it goes on.
 */
static __noinline struct run_queue *go_to(struct run_queue *rq, struct thread *t, u32 cpu)
{
    while (cpu != t->cpu) {
        rq = sched_change_queue(rq, t, cpu);
        cpu = may_run_on(t, cpu) ? cpu : choose_again(t);
    }
    return rq;
}

void sched_settle(struct run_queue *rq, struct thread *t)
{
    enqueue(go_to(rq, t, choose_again(t)), t);
}

/* --- waking --- */

static bool is_asleep(const struct thread *t)
{
    return t->state == THREAD_INTERRUPTIBLE || t->state == THREAD_UNINTERRUPTIBLE ||
           t->state == THREAD_STOPPED;
}

/* Whatever the thread sleeps for; its queue is held, and released. One that has not left its cpu yet stays there. */
static __always_inline void wake_sleeper(struct run_queue *rq, struct thread *t)
{
    bool blocked = t->state == THREAD_UNINTERRUPTIBLE;
    u32 cpu;

    t->state = THREAD_RUNNING;
    if (rq->cpu->current == t) {
        spin_unlock_nested(&rq->lock);
        return;
    }
    rq->blocked -= blocked;
    cpu = choose_again(t);
    if (unlikely(cpu != t->cpu))
        rq = go_to(rq, t, cpu);
    else
        catch_up(rq);
    run_place(&rq->tree, &t->run, sched_slice_ticks);
    enqueue(rq, t);
}

bool sched_wake(struct thread *t)
{
    irqflags_t flags;
    struct run_queue *rq = lock_queue_of(t, &flags);
    bool asleep = is_asleep(t);

    if (asleep)
        wake_sleeper(rq, t);
    else
        spin_unlock_nested(&rq->lock);
    arch_irq_restore(flags);
    return asleep;
}

void sched_set_work(struct thread *t, u32 bits, bool wake)
{
    irqflags_t flags;
    struct run_queue *rq = lock_queue_of(t, &flags);
    struct cpu *cpu = rq->cpu;
    bool runs = cpu->current == t;

    t->work |= bits;
    if (runs)
        WRITE_ONCE(cpu->work, cpu->work | bits);
    if (wake && (t->state == THREAD_INTERRUPTIBLE || t->state == THREAD_STOPPED))
        wake_sleeper(rq, t);
    else
        spin_unlock_nested(&rq->lock);
    if (runs && cpu != this_cpu())
        arch_ipi(cpu->id);
    arch_irq_restore(flags);
}

void sched_clear_work(u32 bits)
{
    irqflags_t flags;
    struct thread *t = current_thread();
    struct run_queue *rq = lock_queue_of(t, &flags);

    t->work &= ~bits;
    this_cpu()->work &= ~bits;
    spin_unlock(&rq->lock, flags);
}

/* --- new threads --- */

/* The deadline of sched_block(). */
static void sleep_timeout(struct timer *timer)
{
    struct thread *t = container_of(timer, struct thread, sleep_timer);

    WRITE_ONCE(t->timed_out, true);
    sched_wake(t);
}

void sched_start_thread(struct thread *t)
{
    struct thread *parent = current_thread();
    irqflags_t flags;
    struct run_queue *rq;

    timer_init(&t->sleep_timer, sleep_timeout);
    run_entity_init(&t->run, parent->run.nice);
    rq = lock_queue_of(t, &flags);
    rq = go_to(rq, t, least_loaded(t->affinity));
    catch_up(rq);
    /* No credit for the young, and on the parent's cpu no more than the parent has. */
    t->run.vruntime = rq->tree.vtime;
    if (rq == this_queue() && run_before(&t->run, &parent->run))
        t->run.vruntime = parent->run.vruntime;
    t->state = THREAD_RUNNING;
    enqueue(rq, t);
    arch_irq_restore(flags);
}
