/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/context.h>. Offsets used by assembly come from asm-offsets.c. */
#pragma once

#include <asm/trap.h>
#include <lib/types.h>

struct fpu_state {
    u64 f[32];
    u32 fcsr;
    u32 pad;
};

struct arch_context {
    u64 ra;
    u64 sp;
    u64 s[12];
    bool fpu_used; /* the program has touched the FPU; fpu holds its state when not loaded */
    struct trap_frame *tf; /* user threads: the frame whose sstatus.FS belongs to fpu; else NULL */
    struct fpu_state fpu;
};

/* Room that the trap frame takes at the top of a user thread's kernel stack, multiple of 16. */
#define ARCH_FRAME_SIZE TRAP_FRAME_SIZE
