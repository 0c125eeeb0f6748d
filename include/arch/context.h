/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a thread that does not run.
 *
 * <asm/context.h> supplies struct arch_context: kernel registers that a call preserves, and the
 * floating-point state.
 */
#pragma once

#include <lib/types.h>

#include <asm/context.h>

struct trap_frame;

/*
 * Prepares a context so that the first switch to it calls entry(arg) on the given stack.
 * entry never returns. Interrupts are off when it starts. For user threads the top of the stack
 * is kept free for the trap frame (arch_user_frame). stack_top is 16-byte aligned.
 */
void arch_context_init(struct arch_context *ctx, vaddr_t stack_top, void (*entry)(void *),
                       void *arg);

/* Says that the context belongs to a user thread whose frame is tf (its FPU state is looked after). */
void arch_context_set_frame(struct arch_context *ctx, struct trap_frame *tf);

/* Copies the floating-point state of the running thread (from) into a new one (fork). */
void arch_context_fork(struct arch_context *ctx, struct arch_context *from);

/* Forgets the floating-point state: the running thread starts a new program (exec). */
void arch_context_exec(struct arch_context *ctx);

/*
 * Leaves prev and continues next. Returns when somebody switches back to prev. Interrupts off.
 * Saves and restores the floating-point state where it was used.
 */
void arch_switch(struct arch_context *prev, struct arch_context *next);

/*
 * Tells the trap entry which kernel stack the next trap from user mode on this cpu uses. Called
 * by the scheduler before it continues a thread; stack_top as given to arch_context_init.
 */
void arch_set_kernel_stack(vaddr_t stack_top);

/*
 * The stack on which the given cpu reports an overflow of another one (and other breakage of trap
 * entry). Set for each cpu before arch_cpu_init() runs there.
 */
void arch_set_overflow_stack(u32 cpu, vaddr_t stack_top);

/* Leaves the current stack for good: calls fn on another one. For the boot stack, once. */
__noreturn void arch_run_on_stack(vaddr_t stack_top, void (*fn)(void));

/* The trap frame of a user thread: always at the same place, the top of its kernel stack. */
static inline struct trap_frame *arch_user_frame(vaddr_t stack_top)
{
    return (struct trap_frame *)(stack_top - ARCH_FRAME_SIZE);
}

/* Enters user mode with the registers of the current thread's frame; does pending work first. */
__noreturn void arch_enter_user(struct trap_frame *tf);
