/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads' registers: kernel contexts, and who uses the FPU.
 *
 * A program starts with its FPU off. The first floating-point instruction traps, and from then on
 * its registers are saved when dirty and loaded at each switch to it (sstatus.FS: privileged
 * specification, "Extension Context Status in sstatus Register"). The kernel itself uses none.
 */
#include <arch/context.h>
#include <arch/trap.h>
#include <asm/csr.h>
#include <asm/entry.h>
#include <asm/features.h>
#include <asm/fpu.h>
#include <base/percpu.h>
#include <lib/string.h>

#define HWCAP_D BIT('d' - 'a')

extern char context_start[];
void context_switch(struct arch_context *prev, struct arch_context *next);
void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);

void arch_context_init(struct arch_context *ctx, vaddr_t stack_top, void (*entry)(void *),
                       void *arg)
{
    ctx->ra = (u64)context_start;
    ctx->sp = stack_top - ARCH_FRAME_SIZE;
    memset(ctx->s, 0, sizeof(ctx->s));
    ctx->s[1] = (u64)entry;
    ctx->s[2] = (u64)arg;
    ctx->fpu_used = false;
    ctx->tf = NULL;
}

void arch_context_set_frame(struct arch_context *ctx, struct trap_frame *tf)
{
    ctx->tf = tf;
}

static void set_fs(struct trap_frame *tf, u64 fs)
{
    tf->status = (tf->status & ~SSTATUS_FS) | fs;
}

static bool fpu_dirty(const struct arch_context *ctx)
{
    return ctx->tf && (ctx->tf->status & SSTATUS_FS) == SSTATUS_FS_DIRTY;
}

/* The registers are the running thread's: brings the copy in memory up to date. */
void fpu_sync(struct arch_context *ctx)
{
    if (!fpu_dirty(ctx))
        return;
    csr_set(sstatus, SSTATUS_FS_CLEAN);
    fpu_save(&ctx->fpu);
    csr_clear(sstatus, SSTATUS_FS);
    set_fs(ctx->tf, SSTATUS_FS_CLEAN);
}

/* The copy in memory is the truth: loads the registers of the running thread from it. */
void fpu_reload(struct arch_context *ctx)
{
    csr_set(sstatus, SSTATUS_FS_CLEAN);
    fpu_load(&ctx->fpu);
    csr_clear(sstatus, SSTATUS_FS);
    set_fs(ctx->tf, SSTATUS_FS_CLEAN);
}

bool fpu_first_use(struct trap_frame *tf)
{
    struct arch_context *ctx = this_cpu()->arch.fpu_owner;
    if (!(cpu_features.hwcap & HWCAP_D))
        return false; /* to load what is not there would trap in the kernel */
    if ((tf->status & SSTATUS_FS) != SSTATUS_FS_OFF || !ctx || ctx->tf != tf || ctx->fpu_used)
        return false;
    memset(&ctx->fpu, 0, sizeof(ctx->fpu)); /* nobody else's numbers */
    ctx->fpu_used = true;
    fpu_reload(ctx);
    return true;
}

void arch_context_fork(struct arch_context *ctx, struct arch_context *from)
{
    fpu_sync(from);
    ctx->fpu_used = from->fpu_used;
    if (from->fpu_used)
        ctx->fpu = from->fpu;
}

void arch_context_exec(struct arch_context *ctx)
{
    ctx->fpu_used = false;
    if (ctx->tf)
        set_fs(ctx->tf, SSTATUS_FS_OFF);
}

void arch_set_kernel_stack(vaddr_t stack_top)
{
    this_cpu()->arch.entry->frame = arch_user_frame(stack_top);
}

void arch_switch(struct arch_context *prev, struct arch_context *next)
{
    fpu_sync(prev);
    if (next->fpu_used)
        fpu_reload(next);
    this_cpu()->arch.fpu_owner = next;
    context_switch(prev, next);
}

void tf_init_user(struct trap_frame *tf, vaddr_t pc, vaddr_t sp)
{
    memset(tf, 0, sizeof(*tf));
    tf->pc = pc;
    tf->x[REG_SP] = sp;
    tf->status = SSTATUS_SPIE | SSTATUS_UXL_64;
    tf->cause = ~0ul;
}
