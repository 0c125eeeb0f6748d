/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal frames: what a handler finds on its stack, and how the program comes back from it.
 *
 * Layout of Linux riscv64: struct rt_sigframe of arch/riscv/kernel/signal.c with the ucontext of
 * arch/riscv/include/uapi/asm/{ucontext,sigcontext,ptrace}.h; offsets asserted below.
 */
#include <arch/context.h>
#include <arch/irq.h>
#include <arch/signal.h>
#include <arch/trap.h>
#include <asm/early.h>
#include <asm/fpu.h>
#include <lib/string.h>

struct user_fpu {
    u64 f[32];
    u32 fcsr;
    u32 reserved[67]; /* the union in Linux is as large as the Q extension's state */
} __aligned(16);

struct sigcontext {
    u64 regs[32]; /* pc, then x1 to x31 */
    struct user_fpu fpu;
};

struct ucontext {
    u64 flags;
    u64 link;
    u64 stack_base;
    u32 stack_flags;
    u32 pad;
    u64 stack_size;
    u64 mask;
    u8 unused[120];
    struct sigcontext mcontext;
};

struct sigframe {
    u8 info[128];
    struct ucontext uc;
};

static_assert(sizeof(struct user_fpu) == 528, "union __riscv_fp_state");
static_assert(__builtin_offsetof(struct ucontext, mask) == 40, "uc_sigmask");
static_assert(__builtin_offsetof(struct ucontext, mcontext) == 176, "uc_mcontext");
static_assert(sizeof(struct sigframe) == ARCH_SIGFRAME_SIZE, "struct rt_sigframe");
static_assert(__builtin_offsetof(struct sigframe, uc) == ARCH_SIGFRAME_CONTEXT, "uc");

static void save_fpu(struct user_fpu *fpu, struct arch_context *ctx)
{
    arch_irq_disable();
    fpu_sync(ctx);
    arch_irq_enable();
    memset(fpu, 0, sizeof(*fpu));
    memcpy(fpu->f, ctx->fpu.f, sizeof(ctx->fpu.f));
    fpu->fcsr = ctx->fpu.fcsr;
}

size_t arch_signal_contents(const struct arch_context *ctx)
{
    return ctx->fpu_used ? sizeof(struct sigframe)
                         : __builtin_offsetof(struct sigframe, uc.mcontext.fpu);
}

vaddr_t arch_signal_build(const struct trap_frame *tf, struct arch_context *ctx,
                          const struct signal_setup *setup, void *buf)
{
    struct sigframe *frame = buf;
    memcpy(frame->info, setup->info, sizeof(frame->info));
    memset(&frame->uc, 0, __builtin_offsetof(struct ucontext, mcontext));
    frame->uc.stack_base = setup->alt_base;
    frame->uc.stack_size = setup->alt_size;
    frame->uc.stack_flags = setup->alt_flags;
    frame->uc.mask = setup->mask;
    frame->uc.mcontext.regs[0] = tf->pc;
    memcpy(&frame->uc.mcontext.regs[1], &tf->x[1], 31 * sizeof(u64));
    if (ctx->fpu_used)
        save_fpu(&frame->uc.mcontext.fpu, ctx);
    vaddr_t top = setup->stack ? setup->stack : tf_sp(tf);
    return ALIGN_DOWN(top - sizeof(*frame), 16);
}

void arch_signal_enter(struct trap_frame *tf, const struct signal_setup *setup, vaddr_t frame)
{
    tf->pc = setup->handler;
    tf->x[REG_SP] = frame;
    tf->x[REG_RA] = setup->restorer;
    tf->x[REG_A0] = (u64)setup->signo;
    tf->x[REG_A0 + 1] = frame + __builtin_offsetof(struct sigframe, info);
    tf->x[REG_A0 + 2] = frame + __builtin_offsetof(struct sigframe, uc);
    tf_clear_syscall(tf);
}

/* The FPU goes back to what it was when the handler began: off, if it had not been used then. */
static void restore_fpu(struct arch_context *ctx, const struct user_fpu *fpu)
{
    if (!ctx->fpu_used)
        return;
    arch_irq_disable();
    memcpy(ctx->fpu.f, fpu->f, sizeof(ctx->fpu.f));
    ctx->fpu.fcsr = fpu->fcsr & 0xff; /* frm and fflags; the rest is reserved */
    fpu_reload(ctx);
    arch_irq_enable();
}

void arch_signal_restore(struct trap_frame *tf, struct arch_context *ctx, const void *buf,
                         struct signal_setup *out)
{
    const struct ucontext *uc = &((const struct sigframe *)buf)->uc;
    tf->pc = uc->mcontext.regs[0] & ~1ul;
    memcpy(&tf->x[1], &uc->mcontext.regs[1], 31 * sizeof(u64));
    tf_clear_syscall(tf);
    restore_fpu(ctx, &uc->mcontext.fpu);
    out->mask = uc->mask;
    out->alt_base = uc->stack_base;
    out->alt_size = uc->stack_size;
    out->alt_flags = uc->stack_flags;
}
