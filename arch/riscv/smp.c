/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting, interrupting, stopping and fencing other harts.
 */
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <asm/cpu.h>
#include <asm/csr.h>
#include <asm/early.h>
#include <asm/features.h>
#include <asm/harts.h>
#include <asm/sbi.h>
#include <asm/smp.h>
#include <asm/traps.h>
#include <base/atomic.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <lib/errno.h>

/* How long panic waits for the other harts to say that they have stopped. */
#define STOP_MILLISECONDS 100

extern char secondary_start[], secondary_virtual[];

/* One at a time: the next hart is started when this one has come up or given up. In the image, since
 * the starting hart reads it by physical address with its MMU off. */
static struct hart_start starts[CPU_MAX];
static u32 stop_requested;
static u32 stopped;

int arch_cpu_start(u32 cpu, vaddr_t stack_top)
{
    struct hart_start *s = &starts[cpu];
    *s = (struct hart_start){.early_satp = early_satp(),
                             .kernel_satp = mmu_kernel_satp(),
                             .stack = stack_top,
                             .cpu = &cpu_table[cpu],
                             .entry = (u64)secondary_virtual};
    atomic_fence(); /* before firmware lets the hart read it */
    return sbi_hart_start(cpu_table[cpu].arch.hartid, image_to_phys(secondary_start),
                          image_to_phys(s));
}

void secondary_main(void)
{
    arch_cpu_init();
    smp_secondary_main();
}

void arch_ipi(u32 cpu)
{
    atomic_fence(); /* what the other hart is to find comes first */
    sbi_send_ipi(cpu_table[cpu].arch.hartid);
}

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

/* fence.i is per hart (unprivileged spec., Zifencei): the stores must be visible first. */
void arch_sync_icache(void)
{
    atomic_fence();
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (cpu != cpu_id() && cpu_online(cpu) && sbi_remote_fence_i(1, cpu_table[cpu].arch.hartid))
            panic("remote fence.i to hart %llu failed",
                  (unsigned long long)cpu_table[cpu].arch.hartid);
    __asm__ volatile("fence.i" : : : "memory");
}
