/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Draining the allocators' caches on all cpus, and the shared caches of tables and stacks.
 *
 * asked[] holds one word per cpu: set by whoever drains, cleared by the cpu when it has done so.
 * Lock-free; a cpu that waits keeps answering itself, so two that drain at once cannot wait for each
 * other for ever.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/smp.h>
#include <base/atomic.h>
#include <base/log.h>
#include <base/percpu.h>
#include <lib/types.h>
#include <mm/drain.h>
#include <mm/kstack.h>
#include <mm/page.h>
#include <mm/pt.h>
#include <mm/slab.h>

/* Far more than an interrupt and a drain need, also where eight cpus share one of the host's. */
#define WAIT_ROUNDS 100000000ul

static u32 asked[CPU_MAX];

/* Slabs first: they give pages back, to this cpu's cache among others. */
static void drain_this_cpu(void)
{
    slab_shrink_all();
    page_drain_cache();
}

void mm_drain_poll(void)
{
    irqflags_t irq = arch_irq_save();
    u32 *mine = &asked[cpu_id()];

    if (unlikely(atomic_load_acquire(mine))) {
        drain_this_cpu();
        atomic_store_release(mine, 0);
    }
    arch_irq_restore(irq);
}

static void ask(u32 cpu)
{
    atomic_store_release(&asked[cpu], 1);
    arch_ipi(cpu);
}

static void wait_for(u32 cpu)
{
    for (u64 i = 0; atomic_load_acquire(&asked[cpu]); i++) {
        if (i == WAIT_ROUNDS) {
            log_warn("memory: cpu %u does not drain its caches", cpu);
            return;
        }
        mm_drain_poll();
        arch_relax();
    }
}

void mm_drain(void)
{
    u32 self = cpu_id();

    kstack_drain();
    pt_drain_cache();
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (cpu != self && cpu_online(cpu))
            ask(cpu);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (cpu != self && cpu_online(cpu))
            wait_for(cpu);
    /* Last: slabs that the others emptied are freed by this cpu. */
    drain_this_cpu();
}
