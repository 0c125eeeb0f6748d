/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer hardware of each cpu. A deadline that is no longer wanted is left programmed: the
 * interrupt comes once for nothing, which is cheaper than reprogramming each time a thread
 * blocks. Used on the own cpu with interrupts off, so there is no lock.
 */
#include <arch/time.h>
#include <base/percpu.h>
#include <kernel/tick.h>

u64 tick_programmed[CPU_MAX];

void tick_program(u64 deadline)
{
    tick_programmed[cpu_id()] = deadline + 1;
    arch_timer_set(deadline);
}
