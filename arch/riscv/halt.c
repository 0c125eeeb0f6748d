/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a hart stops for good, and says where it was. Depends on nothing, since whatever spins for a lock comes
 * here.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/smp.h>
#include <asm/csr.h>
#include <asm/smp.h>
#include <asm/traps.h>
#include <base/atomic.h>
#include <base/percpu.h>

static u32 requested;
static u32 stopped; /* set of cpus */
static struct stop_place places[CPU_MAX];

void arch_halt(void)
{
    arch_irq_disable();
    csr_write(sie, 0);
    for (;;)
        arch_idle();
}

void stop_request(void)
{
    atomic_store_release(&requested, 1);
}

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

u32 stop_stopped(void)
{
    return atomic_load_acquire(&stopped);
}

struct stop_place arch_stop_place(u32 cpu)
{
    return places[cpu];
}
