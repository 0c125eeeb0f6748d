/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays the last stage of firmware where the emulator's options do not reach. QEMU has already put image, tree and
 * initrd where the test wants them (-device loader) and firmware starts this program in S-mode on a hart of its choice.
 * It moves to the hart that the test wants, fills every register and every CSR that a kernel must not rely on with
 * noise, and enters the kernel as the boot protocol says: a0 = hart id, a1 = device tree, satp = 0, interrupts off.
 *
 * From the command line: IMAGE, TREE (physical addresses), HART (or -1: stay), SEED (not 0). Linked at SHIM_AT.
 * INTRUDER, if given, is a hart that enters the kernel like a second boot hart, INTRUDER_TICKS after the first.
 */

#define SBI_PUTCHAR     1
#define SBI_HSM         0x48534d
#define HSM_START       0
#define HSM_STOP        1
#define HSM_STATUS      2
#define HSM_STOPPED     1

#define SSTATUS_NOISE   0xc6120         /* MXR, SUM, FS=dirty, SPP, SPIE; not SIE */
#define CSR_SENVCFG     0x10a
#define CSR_STIMECMP    0x14d

/* rd = the next number of an xorshift64 sequence; s11 is its state, t6 is lost. */
.macro noise rd
    slli    t6, s11, 13
    xor     s11, s11, t6
    srli    t6, s11, 7
    xor     s11, s11, t6
    slli    t6, s11, 17
    xor     s11, s11, t6
    mv      \rd, s11
.endm

.macro noise_csr csr
    noise   t0
    csrw    \csr, t0
.endm

    .section .text
    .globl  _start
_start:
    li      t0, HART
    bltz    t0, enter_kernel
    beq     a0, t0, enter_kernel

/* The kernel may start this hart again as soon as it runs: the other one waits until it has stopped. */
    mv      a2, a0
    li      a0, HART
    la      a1, moved
    li      a6, HSM_START
    li      a7, SBI_HSM
    ecall
    bnez    a0, failed
    li      a6, HSM_STOP
    li      a7, SBI_HSM
    ecall
failed:
    li      a0, '!'
    li      a7, SBI_PUTCHAR
    ecall
1:  wfi
    j       1b

moved:                                  /* a0 = this hart, a1 = the hart that sent us */
    mv      s0, a0
    mv      s1, a1
1:  mv      a0, s1
    li      a6, HSM_STATUS
    li      a7, SBI_HSM
    ecall
    li      t0, HSM_STOPPED
    bne     a1, t0, 1b
    mv      a0, s0

enter_kernel:
#ifdef INTRUDER
    mv      s0, a0
    li      a0, INTRUDER
    la      a1, intruder
    li      a6, HSM_START
    li      a7, SBI_HSM
    ecall
    bnez    a0, failed
    mv      a0, s0
#endif
    mv      s10, a0
    li      s11, SEED

    /* Not every hart has these: the trap that says so goes on with the next instruction. */
    la      t0, skip
    csrw    stvec, t0
    noise_csr CSR_SENVCFG
    csrwi   CSR_STIMECMP, 0             /* a timer interrupt that is due at once */

    csrci   sstatus, 2
    li      t0, SSTATUS_NOISE
    csrs    sstatus, t0
    noise   t0
    fscsr   t0
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    noise   t0
    fmv.d.x f\n, t0
    .endr

    noise_csr sie
    noise_csr scounteren
    noise_csr sscratch
    noise_csr sepc
    noise_csr scause
    noise_csr stval
    noise   t0
    andi    t0, t0, -4
    csrw    stvec, t0

    .irp    r, ra,sp,gp,tp,t0,t1,t2,s0,s1,a2,a3,a4,a5,a6,a7,s2,s3,s4,s5,s6,s7,s8,s9,t3,t4
    noise   \r
    .endr
    mv      a0, s10
    noise   s10
    li      a1, TREE
    li      t5, IMAGE
    jr      t5

#ifdef INTRUDER
intruder:                               /* a0 = this hart */
    rdtime  t0
    li      t1, INTRUDER_TICKS
    add     t1, t0, t1
1:  rdtime  t0
    bltu    t0, t1, 1b
    li      a1, TREE
    li      t5, IMAGE
    jr      t5
#endif

    .balign 4
skip:
    csrr    t5, sepc
    addi    t5, t5, 4
    csrw    sepc, t5
    sret
