/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry area: what the trampoline finds while user tables are still active.
 *
 * Every hart has one entry page, mapped at ENTRY_BASE + cpu * PAGE_SIZE in every address space and
 * not accessible to user mode; sscratch points to it while the hart is in user mode. It holds what
 * the first instructions of a trap need, and two registers for as long as they need it.
 */
#pragma once

#include <asm/trap.h>
#include <lib/types.h>

struct cpu;

struct entry_page {
    u64 t0, t1;               /* the program's, while the trampoline uses these registers */
    u64 kernel_satp;          /* the kernel's root */
    u64 kernel_entry;         /* trap_user_entry, or once timed_entry */
    struct trap_frame *frame; /* where the running thread's registers go */
    struct cpu *cpu;
    u64 user_satp;      /* the running program's root */
    u64 vector;         /* this hart's trampoline variant: entry (for stvec) ... */
    u64 leave;          /* ... and the way back */
    u64 overflow_stack; /* for traps that should not have come this way */
    u64 timed_entry;    /* trap_user_entry_timed, which fits kernel_entry too, */
    u64 entered;        /* and when it was taken */
};

/* Entry and exit of the trampoline, by what a switch of satp needs on this machine. */
extern char trampoline_enter_asid[], trampoline_leave_asid[];
extern char trampoline_enter_fence[], trampoline_leave_fence[];
extern char trampoline_enter_shared[], trampoline_leave_shared[];

extern char trap_user_entry[], trap_user_entry_timed[], trap_kernel_entry[], trap_early_entry[];
__noreturn void trap_user_return(struct trap_frame *tf);
