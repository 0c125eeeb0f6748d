/* SPDX-License-Identifier: BSD-2-Clause */
/* Switching kernel stacks. */
#include <asm/offsets.h>

/*
 * context_switch(prev, next): saves what a call preserves, goes on with next. gp is not used, tp
 * belongs to the hart and not to the thread.
 */
    .text
    .globl context_switch
context_switch:
.macro CALLEE op, base
    \op ra, CTX_RA(\base)
    \op sp, CTX_SP(\base)
    \op s0, CTX_S+0(\base)
    \op s1, CTX_S+8(\base)
    \op s2, CTX_S+16(\base)
    \op s3, CTX_S+24(\base)
    \op s4, CTX_S+32(\base)
    \op s5, CTX_S+40(\base)
    \op s6, CTX_S+48(\base)
    \op s7, CTX_S+56(\base)
    \op s8, CTX_S+64(\base)
    \op s9, CTX_S+72(\base)
    \op s10, CTX_S+80(\base)
    \op s11, CTX_S+88(\base)
.endm
    CALLEE sd, a0
    CALLEE ld, a1
    ret

/* First instructions of a new thread: arch_context_init put entry in s1 and arg in s2. */
    .globl context_start
context_start:
    li fp, 0
    mv a0, s2
    jalr s1
    unimp

    .globl arch_run_on_stack
arch_run_on_stack:
    mv sp, a0
    li fp, 0
    jalr a1
    unimp
