/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instruction fetch: a hart sees code that was stored after its last fence.i at some time or never
 * (unprivileged specification, "Zifencei"), and fence.i is for its own fetches alone.
 *
 * So there is a generation of all executable memory of the machine, and each hart knows up to which
 * it has fenced. New code makes a new generation; harts that run the space where it appears fence before
 * it can be executed, the others when they next take up a space. Nobody else is interrupted.
 *
 * Lock-free. A hart that takes up a space sets its RUNNING bit and then reads the generation; whoever
 * makes one does so before it reads the bits: one of the two sees the other.
 */
#include <arch/mmu.h>
#include <asm/fence.h>
#include <asm/sbi.h>
#include <asm/smp.h>
#include <asm/spaces.h>
#include <base/atomic.h>
#include <base/percpu.h>
#include <lib/bits.h>

u64 icache_generation;
u64 icache_seen[CPU_MAX]; /* never lowered */

void mmu_code_changed(void)
{
    atomic_fetch_add(&icache_generation, 1);
}

static bool is_behind(u32 cpu, u64 now)
{
    return atomic_load_relaxed(&icache_seen[cpu]) < now;
}

/* The cpu has fenced since generation `now`. Others may have found that it has fenced since a later one. */
static void note(u32 cpu, u64 now)
{
    u64 old = atomic_load_relaxed(&icache_seen[cpu]);

    while (old < now && !atomic_cas(&icache_seen[cpu], &old, now))
        ;
}

void icache_fence_here(u64 now)
{
    fence_fetch();
    note(cpu_id(), now);
}

static u32 behind(u32 cpus, u64 now)
{
    u32 found = 0;

    for (; cpus; cpus &= cpus - 1)
        if (is_behind((u32)bits_lowest(cpus), now))
            found |= cpus & -cpus;
    return found;
}

static void fence_others(u32 cpus, u64 now)
{
    if (!cpus)
        return;
    smp_fence(cpus, sbi_remote_fence_i, 0, 0);
    mmu_counters[cpu_id()].fetch_fences++;
    for (; cpus; cpus &= cpus - 1)
        note((u32)bits_lowest(cpus), now);
}

void mmu_sync_code(struct mmu_space *space)
{
    u64 now = atomic_load_acquire(&icache_generation);

    atomic_fence(); /* what was stored, and its generation, come before the set is read */
    u32 running = (u32)atomic_load_relaxed(&space->cpus);
    if (running & 1u << cpu_id() && unlikely(is_behind(cpu_id(), now)))
        icache_fence_here(now);
    fence_others(behind(running & ~(1u << cpu_id()), now), now);
}
