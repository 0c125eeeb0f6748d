/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupting other harts. */
#include <arch/smp.h>
#include <asm/sbi.h>
#include <base/atomic.h>
#include <base/percpu.h>

void arch_ipi(u32 cpu)
{
    atomic_fence(); /* what the other hart is to find comes first */
    sbi_send_ipi(cpu_table[cpu].arch.hartid);
}
