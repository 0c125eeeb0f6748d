/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * membarrier: one thread pays for the fences of all others. Each cpu counts how often it was asked, and
 * repeats that number behind a fence of its own; whoever asked waits for that. A cpu that has seen a
 * later number has also fenced for the earlier ones. Idle cpus are asked, too: that is
 * simpler than to prove that a switch from idle has a fence in the right place, and the call is rare.
 */
#include <arch/cpu.h>
#include <arch/smp.h>
#include <base/atomic.h>
#include <base/percpu.h>
#include <kernel/membarrier.h>

static u32 asked[CPU_MAX];
static u32 answered[CPU_MAX];

void membarrier_poll(void)
{
    u32 cpu = cpu_id();
    u32 now = atomic_load_acquire(&asked[cpu]);

    if (likely(now == answered[cpu]))
        return;
    atomic_fence();
    atomic_store_release(&answered[cpu], now);
}

void membarrier_all(void)
{
    u32 ticket[CPU_MAX];
    u32 others = cpu_online_set() & ~(u32)BIT(cpu_id());

    atomic_fence();
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        if (!(others & BIT(cpu)))
            continue;
        ticket[cpu] = atomic_fetch_add(&asked[cpu], 1u) + 1;
        arch_ipi(cpu);
    }
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        while ((others & BIT(cpu)) && (s32)(atomic_load_acquire(&answered[cpu]) - ticket[cpu]) < 0)
            arch_relax();
    }
    atomic_fence();
}
