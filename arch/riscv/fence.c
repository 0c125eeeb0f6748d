/* SPDX-License-Identifier: BSD-2-Clause */
/* Fences on other harts, by firmware: translations and instructions. */
#include <asm/sbi.h>
#include <asm/smp.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <lib/bits.h>

static u64 hartid_of(u32 cpu)
{
    return cpu_table[cpu].arch.hartid;
}

static u64 lowest_hartid(u32 cpus)
{
    u64 lowest = ~0ul;

    for (; cpus; cpus &= cpus - 1)
        lowest = MIN(lowest, hartid_of((u32)bits_lowest(cpus)));
    return lowest;
}

/* Moves the cpus whose hart ids are base .. base + 63 out of the set; their mask. */
static u64 take_mask(u32 *cpus, u64 base)
{
    u64 mask = 0;

    for (u32 rest = *cpus; rest; rest &= rest - 1) {
        u64 bit = hartid_of((u32)bits_lowest(rest)) - base;
        if (bit < 64) {
            mask |= 1ul << bit;
            *cpus &= ~(rest & -rest);
        }
    }
    return mask;
}

/* One call for every 64 hart ids. */
void smp_fence(u32 cpus, int (*fence)(u64 mask, u64 base, vaddr_t start, size_t size),
               vaddr_t start, size_t size)
{
    while (cpus) {
        u64 base = lowest_hartid(cpus), mask = take_mask(&cpus, base);
        int err = fence(mask, base, start, size);
        if (err)
            panic("remote fence on harts 0x%llx from %llu failed: error %d",
                  (unsigned long long)mask, (unsigned long long)base, err);
    }
}
