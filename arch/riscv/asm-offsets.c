/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that assembly needs, taken from the structs themselves. This file is compiled to
 * assembly and never assembled; the Makefile turns the lines below into <asm/offsets.h>.
 */
#include <arch/mmu.h>
#include <asm/context.h>
#include <asm/entry.h>
#include <asm/smp.h>
#include <asm/trap.h>
#include <base/percpu.h>

#define DEFINE(sym, val)          __asm__ volatile("\n.ascii \"->" #sym " %0\"" : : "i"(val))
#define OFFSET(sym, type, member) DEFINE(sym, __builtin_offsetof(type, member))

void asm_offsets(void);

void asm_offsets(void)
{
    OFFSET(TF_X, struct trap_frame, x);
    OFFSET(TF_PC, struct trap_frame, pc);
    OFFSET(TF_STATUS, struct trap_frame, status);
    OFFSET(TF_CAUSE, struct trap_frame, cause);
    OFFSET(TF_VALUE, struct trap_frame, value);

    OFFSET(ENTRY_T0, struct entry_page, t0);
    OFFSET(ENTRY_T1, struct entry_page, t1);
    OFFSET(ENTRY_KERNEL_SATP, struct entry_page, kernel_satp);
    OFFSET(ENTRY_KERNEL_ENTRY, struct entry_page, kernel_entry);
    OFFSET(ENTRY_FRAME, struct entry_page, frame);
    OFFSET(ENTRY_CPU, struct entry_page, cpu);
    OFFSET(ENTRY_USER_SATP, struct entry_page, user_satp);
    OFFSET(ENTRY_VECTOR, struct entry_page, vector);
    OFFSET(ENTRY_LEAVE, struct entry_page, leave);
    OFFSET(ENTRY_OVERFLOW, struct entry_page, overflow_stack);
    OFFSET(ENTRY_ENTERED, struct entry_page, entered);

    OFFSET(CPU_WORK, struct cpu, work);
    OFFSET(CPU_ENTRY, struct cpu, arch.entry);
    OFFSET(CPU_OVERFLOW, struct cpu, arch.overflow_stack);
    DEFINE(CPU_SIZE, sizeof(struct cpu));

    OFFSET(START_HARTID, struct hart_start, hartid);
    DEFINE(START_SIZE, sizeof(struct hart_start));
    DEFINE(HART_STARTS, CPU_MAX);
    OFFSET(START_EARLY_SATP, struct hart_start, early_satp);
    OFFSET(START_KERNEL_SATP, struct hart_start, kernel_satp);
    OFFSET(START_STACK, struct hart_start, stack);
    OFFSET(START_CPU, struct hart_start, cpu);
    OFFSET(START_ENTRY, struct hart_start, entry);

    OFFSET(CTX_RA, struct arch_context, ra);
    OFFSET(CTX_SP, struct arch_context, sp);
    OFFSET(CTX_S, struct arch_context, s);
    OFFSET(FPU_F, struct fpu_state, f);
    OFFSET(FPU_FCSR, struct fpu_state, fcsr);

    DEFINE(IMAGE_BASE_VA, IMAGE_BASE);
}
