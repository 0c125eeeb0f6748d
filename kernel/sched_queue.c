/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run queues themselves: memory, two locks at once, and how a cpu gets its own. See
 * sched_impl.h for who changes what under which lock.
 */
#include "sched_impl.h"

#include <arch/mmu.h>
#include <arch/time.h>

#define SAMPLES_PER_SECOND 20   /* of a thread that runs alone and enters the kernel */
#define PREEMPT_PER_SECOND 1000 /* a woken thread that is behind by such a part takes over */

struct run_queue run_queues[CPU_MAX];
struct sched_idle_set sched_idle_set;
u64 sched_slice_ticks, sched_sample_ticks, sched_preempt_ticks;

void sched_lock_second(struct run_queue *held, struct run_queue *other)
{
    if (other > held) {
        spin_lock_second(&other->lock);
        return;
    }
    spin_unlock_nested(&held->lock);
    spin_lock_nested(&other->lock);
    spin_lock_second(&held->lock);
}

struct run_queue *sched_change_queue(struct run_queue *from, struct thread *t, u32 cpu)
{
    struct run_queue *to = &run_queues[cpu];

    sched_lock_second(from, to);
    catch_up(to);
    run_rebase(&t->run, &from->tree, &to->tree);
    WRITE_ONCE(t->cpu, cpu);
    to->counters.migrations += t->state != THREAD_NEW;
    spin_unlock_nested(&from->lock);
    return to;
}

/* A little less than all of its time: the clock of that cpu may be behind this one's. */
void sched_catch_up(struct run_queue *rq)
{
    u64 until = arch_ticks() - sched_preempt_ticks;

    if ((s64)(until - rq->charged) > 0)
        charge(rq, rq->cpu->current, until);
}

static void set_periods(void)
{
    sched_slice_ticks = arch_time_hz / SLICES_PER_SECOND;
    sched_sample_ticks = arch_time_hz / SAMPLES_PER_SECOND;
    sched_preempt_ticks = arch_time_hz / PREEMPT_PER_SECOND;
}

vaddr_t sched_prepare_cpu(u32 cpu)
{
    struct run_queue *rq = &run_queues[cpu];
    struct thread *idle = thread_alloc("idle", NULL, NULL);

    if (!idle)
        return 0;
    set_periods();
    spin_init(&rq->lock, "run queue");
    idle->cpu = cpu;
    idle->affinity = BIT(cpu);
    run_entity_init(&idle->run, 0);
    idle->state = THREAD_RUNNING;
    rq->idle = idle;
    rq->cpu = &cpu_table[cpu];
    rq->cpu->queue = rq;
    return idle->stack.top;
}

void sched_start_cpu(void)
{
    struct run_queue *rq = this_queue();

    this_cpu()->current = rq->idle;
    lock_check_switch(&rq->idle->locks);
    rq->charged = rq->turn_start = arch_ticks();
    cpu_set_online(cpu_id());
    /* Whoever has changed the kernel's table without seeing this cpu online has not had it fence. */
    atomic_fence();
    mmu_sync_kernel();
}
