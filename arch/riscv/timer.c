/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer of a hart: stimecmp where there is Sstc, else through firmware. */
#include <arch/time.h>
#include <asm/csr.h>
#include <asm/features.h>
#include <asm/sbi.h>

void arch_timer_set(u64 deadline)
{
    if (cpu_features.sstc)
        csr_write(CSR_STIMECMP, deadline);
    else
        sbi_set_timer(deadline);
}
