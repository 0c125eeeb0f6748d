/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a program of ours begins. The kernel leaves argc, argv, the environment and the auxiliary
 * vector on the stack (RISC-V psABI, "Program startup"), and every other register zero.
 */
    .section .text._start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    lla     gp, __global_pointer$
    .option pop
    mv      fp, zero                /* ends backtraces */
    ld      a0, 0(sp)               /* argc */
    addi    a1, sp, 8               /* argv */
    addi    a2, a0, 1
    slli    a2, a2, 3
    add     a2, a1, a2              /* envp */
    call    main
    li      a7, 94                  /* exit_group(main's result) */
    ecall
    unimp
    .size _start, . - _start
