/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Implements <arch/cpu.h>. In kernel mode tp holds the address of this hart's struct cpu.
 */
#pragma once

#include <lib/types.h>

struct entry_page;
struct arch_context;

struct arch_cpu {
    u64 hartid;
    struct entry_page *entry;       /* this hart's page of the entry area (its own address there) */
    struct arch_context *fpu_owner; /* whose state the FPU registers hold, NULL: nobody's */
    u64 overflow_stack;             /* top of the stack for stack overflows and broken entries */
    u64 boot_stack;                 /* stack on which a secondary starts */
    u64 user_satp;                  /* what the next return to user mode puts into satp */
    u64 timer;                      /* what this hart's timer is armed for */
};

static inline struct cpu *arch_this_cpu(void)
{
    struct cpu *cpu;
    __asm__ volatile("mv %0, tp" : "=r"(cpu));
    return cpu;
}

/* pause (Zihintpause) is a hint encoding of fence, a no-op on older cores: safe everywhere. */
static inline void arch_relax(void)
{
    __asm__ volatile(".4byte 0x0100000f" : : : "memory");
}

static inline void arch_idle(void)
{
    __asm__ volatile("wfi" : : : "memory");
}
