/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of the vDSO that must be assembly: how to ask the kernel, and the end of a signal handler. */
    .section .text.calls, "ax"

    .globl vdso_system_call             /* a0 to a2 are in place; a3 is the number */
vdso_system_call:
    mv a7, a3
    ecall
    ret

/*
 * Where a handler returns to. Unwinders know a signal's frame by these two instructions at the return
 * address (gcc's libgcc/config/riscv/linux-unwind.h), so both must be the long form. 139: rt_sigreturn.
 */
    .balign 4
    .globl vdso_rt_sigreturn
    .option push
    .option norvc
vdso_rt_sigreturn:
    li a7, 139
    ecall
    .option pop
