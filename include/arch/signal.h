/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal frames on the user stack, in the layout of Linux riscv64 (struct rt_sigframe).
 */
#pragma once

#include <lib/types.h>

struct trap_frame;
struct arch_context;

/* What the portable side knows of a delivery. info points to a 128-byte Linux siginfo_t. */
struct signal_setup {
    int signo;
    vaddr_t handler;
    vaddr_t restorer; /* where the handler returns to: the vDSO's rt_sigreturn */
    u64 mask;         /* to be restored by rt_sigreturn */
    const void *info; /* 128 bytes */
    vaddr_t stack;    /* alternate stack's top, or 0: the current stack */
    vaddr_t alt_base; /* stack_t of the ucontext */
    size_t alt_size;
    u32 alt_flags;
};

/* Bytes of a frame on the user's stack; at most this much on the kernel's stack too. */
#define ARCH_SIGFRAME_SIZE 1088
/* Where in it that begins which rt_sigreturn reads. */
#define ARCH_SIGFRAME_CONTEXT 128

/*
 * How much of a frame holds something: without FPU state, which a program that has never used the FPU
 * does not have, the rest is zeroes when the frame is built, and not looked at when it is restored.
 */
size_t arch_signal_contents(const struct arch_context *ctx);

/*
 * Fills buf (16-byte aligned) with arch_signal_contents() bytes of the frame for a delivery, the FPU
 * state of the running thread included, and returns the user address at which it has to be copied
 * out. The caller copies, zeroes the rest, and on success calls arch_signal_enter() with that
 * address. Interrupts on.
 */
vaddr_t arch_signal_build(const struct trap_frame *tf, struct arch_context *ctx,
                          const struct signal_setup *setup, void *buf);

/* Points tf at the handler, with the frame at the given address. */
void arch_signal_enter(struct trap_frame *tf, const struct signal_setup *setup, vaddr_t frame);

/*
 * rt_sigreturn: the caller copies the bytes from ARCH_SIGFRAME_CONTEXT up to arch_signal_contents() in
 * from the user's sp (16-byte aligned, or it is a bad frame) to the same places in buf; registers and
 * FPU state are restored from them, the rest is returned in *out (mask and alternate stack).
 * Privileged bits cannot be changed by it.
 */
void arch_signal_restore(struct trap_frame *tf, struct arch_context *ctx, const void *buf,
                         struct signal_setup *out);
