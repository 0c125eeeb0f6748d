/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer hardware of each cpu. A deadline that is no longer wanted is left programmed: the
 * interrupt comes once for nothing, which is cheaper than reprogramming each time a thread
 * blocks. Used on the own cpu with interrupts off, so there is no lock.
 */
#include <arch/time.h>
#include <base/percpu.h>
#include <kernel/tick.h>

/* Deadline that is programmed + 1, so that zeroed memory means "never". */
static u64 programmed[CPU_MAX];

void tick_request(u64 deadline)
{
    u64 *mine = &programmed[cpu_id()];

    if (likely(deadline >= *mine - 1))
        return;
    *mine = deadline + 1;
    arch_timer_set(deadline);
}

void tick_restart(u64 deadline)
{
    programmed[cpu_id()] = deadline + 1;
    arch_timer_set(deadline);
}
