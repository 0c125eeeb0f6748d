/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * long thread_clone(flags, stack_top, parent_tid, tls, child_tid, fn, arg): the clone call, whose child
 * wakes on an empty stack and so cannot return from a C function: what it needs lies on that stack.
 */
    .section .text.thread_clone, "ax", @progbits
    .globl thread_clone
    .type thread_clone, @function
thread_clone:
    andi    a1, a1, -16
    addi    a1, a1, -16
    sd      a5, 0(a1)
    sd      a6, 8(a1)
    li      a7, 220                 /* clone */
    ecall
    beqz    a0, 1f
    ret
1:  li      fp, 0                   /* ends backtraces */
    ld      a1, 0(sp)
    ld      a0, 8(sp)
    jalr    a1
    li      a0, 0
    li      a7, 93                  /* exit: this thread alone */
    ecall
    unimp
    .size thread_clone, . - thread_clone
