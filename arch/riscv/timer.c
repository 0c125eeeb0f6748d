/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer of a hart: stimecmp where there is Sstc, else through firmware. */
#include <arch/time.h>
#include <asm/csr.h>
#include <asm/features.h>
#include <asm/sbi.h>
#include <base/percpu.h>

/* A doze ends after this part of a second. */
#define DOZES_PER_SECOND 20000

static void program(u64 deadline)
{
    if (cpu_features.sstc)
        csr_write(CSR_STIMECMP, deadline);
    else
        sbi_set_timer(deadline);
}

void arch_timer_set(u64 deadline)
{
    this_cpu()->arch.timer = deadline;
    program(deadline);
}

void arch_doze(void)
{
    u64 armed = this_cpu()->arch.timer;
    u64 end = arch_ticks() + arch_time_hz / DOZES_PER_SECOND;

    if (end >= armed)
        return;
    program(end);
    arch_idle();
    program(armed);
}
