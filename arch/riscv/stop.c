/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stopping the other harts for good, when one panics or turns the machine off.
 *
 * The request is a flag and an IPI to each of them. A hart that spins for a lock has interrupts off and looks
 * at the flag itself; one that does anything else with interrupts off for ever stays deaf.
 */
#include <arch/cpu.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <asm/smp.h>
#include <base/percpu.h>

/* How long to wait for the other harts: a host that emulates them may run them one after another. */
#define STOP_MILLISECONDS 1000

static u32 others(void)
{
    return cpu_online_set() & ~(1u << cpu_id());
}

void arch_stop_others(void)
{
    stop_request();
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (others() >> cpu & 1)
            ipi_send_anyway(cpu); /* its owner may have been stopped before sending one */
}

u32 arch_stop_wait(void)
{
    u64 until = arch_ticks() + arch_time_hz * STOP_MILLISECONDS / 1000;
    while ((stop_stopped() & others()) != others() && arch_ticks() < until)
        arch_relax();
    return stop_stopped();
}
