/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The idle loop. It looks for work, its own and others', with interrupts off, so an interrupt that
 * brings some ends the wait however late it comes.
 */
#include "sched_impl.h"

#include <arch/cpu.h>

void sched_idle(void)
{
    struct cpu *cpu = this_cpu();

    for (;;) {
        arch_irq_disable();
        if (!READ_ONCE(cpu->work) && !sched_steal())
            arch_idle();
        arch_irq_enable();
        if (sched_need_resched())
            sched_preempt();
    }
}
