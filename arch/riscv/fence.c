/* SPDX-License-Identifier: BSD-2-Clause */
/* Fences on other harts, by firmware: translations and instructions. */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <asm/sbi.h>
#include <asm/smp.h>
#include <base/atomic.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <lib/bits.h>

/* fence, by firmware, on each hart of a set of cpus; one call for every 64 hart ids. */
void smp_fence(u32 cpus, int (*fence)(u64 mask, u64 base, vaddr_t start, size_t size),
               vaddr_t start, size_t size)
{
    while (cpus) {
        u64 base = cpu_table[bits_lowest(cpus)].arch.hartid, mask = 0;
        for (u32 rest = cpus; rest; rest &= rest - 1) {
            u32 cpu = (u32)bits_lowest(rest);
            u64 bit = cpu_table[cpu].arch.hartid - base;
            if (bit < 64) {
                mask |= 1ul << bit;
                cpus &= ~(1u << cpu);
            }
        }
        int err = fence(mask, base, start, size);
        if (err)
            panic("remote fence on harts 0x%llx from %llu failed: error %d",
                  (unsigned long long)mask, (unsigned long long)base, err);
    }
}

/* fence.i is per hart (unprivileged spec., Zifencei): the stores must be visible first. */
void arch_sync_icache(void)
{
    irqflags_t flags = arch_irq_save();
    atomic_fence();
    smp_fence(cpu_online_set() & ~(1u << cpu_id()), sbi_remote_fence_i, 0, 0);
    __asm__ volatile("fence.i" : : : "memory");
    arch_irq_restore(flags);
}
