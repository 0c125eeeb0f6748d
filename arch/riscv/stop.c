/* SPDX-License-Identifier: BSD-2-Clause */
/* Stopping the other harts for good, when one panics. */
#include <arch/cpu.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <asm/traps.h>
#include <base/atomic.h>
#include <base/percpu.h>

/* How long panic waits for the other harts to say that they have stopped. */
#define STOP_MILLISECONDS 100

static u32 stop_requested;
static u32 stopped;

bool trap_stop_requested(void)
{
    if (!atomic_load_acquire(&stop_requested))
        return false;
    atomic_fetch_add(&stopped, 1);
    return true;
}

u32 arch_stop_others(void)
{
    u32 others = 0;
    atomic_store_release(&stop_requested, 1);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (cpu != cpu_id() && cpu_online(cpu)) {
            arch_ipi(cpu);
            others++;
        }
    u64 until = arch_ticks() + arch_time_hz * STOP_MILLISECONDS / 1000;
    while (atomic_load_acquire(&stopped) < others && arch_ticks() < until)
        arch_relax();
    return others - MIN(others, atomic_load_acquire(&stopped));
}
