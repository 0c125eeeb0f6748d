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
#include <asm/traps.h>
#include <base/atomic.h>
#include <base/percpu.h>

/* How long to wait for the other harts: a host that emulates them may run them one after another. */
#define STOP_MILLISECONDS 1000

static u32 requested;
static u32 stopped; /* set of cpus */
static struct stop_place places[CPU_MAX];

bool trap_stop_requested(void)
{
    return atomic_load_acquire(&requested);
}

void arch_stop_here(vaddr_t pc, bool user)
{
    places[cpu_id()] = (struct stop_place){.pc = pc, .user = user};
    atomic_fetch_or(&stopped, 1u << cpu_id());
    arch_halt();
}

void arch_stop_point(void)
{
    if (unlikely(trap_stop_requested()))
        arch_stop_here((vaddr_t)__builtin_return_address(0), false);
}

static u32 others(void)
{
    return cpu_online_set() & ~(1u << cpu_id());
}

void arch_stop_others(void)
{
    atomic_store_release(&requested, 1);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (others() >> cpu & 1)
            ipi_send_anyway(cpu); /* its owner may have been stopped before sending one */
}

u32 arch_stop_wait(void)
{
    u64 until = arch_ticks() + arch_time_hz * STOP_MILLISECONDS / 1000;
    while ((atomic_load_acquire(&stopped) & others()) != others() && arch_ticks() < until)
        arch_relax();
    return atomic_load_acquire(&stopped);
}

struct stop_place arch_stop_place(u32 cpu)
{
    return places[cpu];
}
