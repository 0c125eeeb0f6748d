/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware as it was before SBI 0.2, for QEMU's machine "virt" with one hart: no BASE, so that nothing can be asked;
 * a timer, a console, fences that have nobody else to reach. What it does when it shall switch off is OFF's:
 * 0 it comes back with an error, 1 it switches off. It lies at the start of RAM, announces nothing, and opens neither
 * the timer compare register nor any other extension to the kernel.
 */

#define KERNEL          0x80200000
#define CLINT_MTIMECMP  0x2004000
#define UART            0x10000000
#define UART_LSR        5
#define TEST_DEVICE     0x100000
#define TEST_PASS       0x5555

#define MSTATUS_MPP     0x1800
#define MSTATUS_S       0x800
#define INTERRUPT_MTI   0x80            /* in mie and mip */
#define INTERRUPT_STI   0x20
#define CAUSE_ECALL_S   9

    .option norelax                     /* gp is the kernel's */
    .section .text
    .globl  _start
_start:                                 /* a0 = hart id, a1 = device tree */
    la      t0, trap
    csrw    mtvec, t0
    la      sp, stack_top
    csrw    mscratch, sp
    li      t0, -1
    csrw    pmpaddr0, t0
    li      t0, 0x1f
    csrw    pmpcfg0, t0
    li      t0, 7
    csrw    mcounteren, t0
    li      t0, 0xb10d                  /* to the kernel: its own and its programs' mistakes */
    csrw    medeleg, t0
    li      t0, 0x222
    csrw    mideleg, t0
    li      t0, MSTATUS_MPP
    csrc    mstatus, t0
    li      t0, MSTATUS_S
    csrs    mstatus, t0
    li      t0, KERNEL
    csrw    mepc, t0
    mret

    .balign 4
trap:
    csrrw   sp, mscratch, sp
    sd      t0, -8(sp)
    sd      t1, -16(sp)
    csrr    t0, mcause
    bltz    t0, timer
    li      t1, CAUSE_ECALL_S
1:  bne     t0, t1, 1b                  /* nothing else is expected here */
    csrr    t0, mepc
    addi    t0, t0, 4
    csrw    mepc, t0
    beqz    a7, set_timer
    li      t0, 1
    beq     a7, t0, putchar
    li      t0, 2
    beq     a7, t0, getchar
    li      t0, 5
    beq     a7, t0, good
    li      t0, 6
    beq     a7, t0, good
    li      t0, 8
    beq     a7, t0, shutdown
    li      a0, -2                      /* not supported */
    j       back

set_timer:
    li      t0, CLINT_MTIMECMP
    sd      a0, 0(t0)
    li      t0, INTERRUPT_STI
    csrc    mip, t0
    li      t0, INTERRUPT_MTI
    csrs    mie, t0
good:
    li      a0, 0
    j       back

putchar:
    li      t0, UART
1:  lbu     t1, UART_LSR(t0)
    andi    t1, t1, 0x20
    beqz    t1, 1b
    sb      a0, 0(t0)
    j       good

getchar:
    li      t0, UART
    li      a0, -1
    lbu     t1, UART_LSR(t0)
    andi    t1, t1, 1
    beqz    t1, back
    lbu     a0, 0(t0)
    j       back

shutdown:
    li      a0, -2
#if OFF
    li      t0, TEST_DEVICE
    li      t1, TEST_PASS
    sw      t1, 0(t0)
#endif
    j       back

timer:
    li      t0, INTERRUPT_MTI
    csrc    mie, t0
    li      t0, INTERRUPT_STI
    csrs    mip, t0
back:
    ld      t1, -16(sp)
    ld      t0, -8(sp)
    csrrw   sp, mscratch, sp
    mret

    .section .bss
    .balign 16
    .skip   256
stack_top:
