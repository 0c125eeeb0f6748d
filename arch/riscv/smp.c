/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting other harts.
 */
#include <arch/boot.h>
#include <arch/smp.h>
#include <asm/early.h>
#include <asm/features.h>
#include <asm/sbi.h>
#include <asm/smp.h>
#include <base/atomic.h>
#include <base/percpu.h>

extern char secondary_start[], secondary_virtual[];

int arch_cpu_start(u32 cpu, vaddr_t stack_top)
{
    struct hart_start *s = &hart_starts[cpu];
    *s = (struct hart_start){.hartid = cpu_table[cpu].arch.hartid,
                             .early_satp = early_satp(),
                             .kernel_satp = mmu_kernel_satp(),
                             .stack = stack_top,
                             .cpu = &cpu_table[cpu],
                             .entry = (u64)secondary_virtual};
    atomic_fence(); /* before firmware lets the hart read it */
    return sbi_hart_start(cpu_table[cpu].arch.hartid, image_to_phys(secondary_start),
                          image_to_phys(s));
}
