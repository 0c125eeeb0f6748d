/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The set-up of one hart: its page of the entry area, its trap vector, every CSR that firmware leaves
 * undefined, its timer.
 */
#include <arch/boot.h>
#include <arch/context.h>
#include <arch/mmu.h>
#include <arch/time.h>
#include <asm/csr.h>
#include <asm/early.h>
#include <asm/entry.h>
#include <asm/features.h>
#include <asm/spaces.h>
#include <base/percpu.h>
#include <base/sections.h>

static paddr_t entry_frames[CPU_MAX];

void arch_set_entry_page(u32 cpu, void *memory)
{
    struct entry_page *page = memory;
    page->kernel_entry = (u64)trap_user_entry;
    page->timed_entry = (u64)trap_user_entry_timed;
    page->cpu = &cpu_table[cpu];
    cpu_table[cpu].arch.entry = page;
    entry_frames[cpu] = (vaddr_t)memory - DIRECT_BASE;
}

paddr_t arch_entry_frame(u32 cpu)
{
    return entry_frames[cpu];
}

paddr_t arch_trampoline_frame(void)
{
    return image_to_phys(__trampoline_start);
}

void arch_set_overflow_stack(u32 cpu, vaddr_t stack_top)
{
    cpu_table[cpu].arch.overflow_stack = stack_top;
    cpu_table[cpu].arch.entry->overflow_stack = stack_top;
}

/*
 * From here on traps of the kernel itself test the stack pointer. Every CSR that firmware leaves
 * undefined is written: programs may read time, not cycle and instret (scounteren).
 */
void arch_cpu_init(void)
{
    struct arch_cpu *arch = &this_cpu()->arch;
    mmu_choose_trampoline(arch->entry);
    spaces_init_cpu();
    /* sret puts this address into sp's place: the page's address in the entry area. */
    arch->entry = (struct entry_page *)(ENTRY_BASE + cpu_id() * PAGE_SIZE);
    csr_write(stvec, trap_kernel_entry);
    csr_write(scounteren, SCOUNTEREN_TM);
    if (cpu_features.senvcfg)
        csr_write(CSR_SENVCFG, 0);
    csr_clear(sstatus, SSTATUS_FS | SSTATUS_VS | SSTATUS_SUM | SSTATUS_MXR);
    arch_timer_set(~0ull);
    csr_write(sip, 0);
    csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
}
