/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trap entry and exit on the kernel's side.
 *
 * From user mode: the trampoline has switched to the kernel's root; sp is the hart's entry page,
 * sscratch the program's sp. Registers go straight into the thread's trap frame; there is no second
 * copy. Interrupts are off from the trap until trap_from_user() turns them on, and again from its
 * return until sret: while stvec and sscratch are set for user mode nothing may trap.
 *
 * From kernel mode: the frame goes to the current stack, after a test of one bit of sp: stacks are
 * the upper halves of 32 KiB slots, so bit 14 is clear in a pointer that ran into the guard. The test
 * stands before any store: a store to the guard would trap again, for ever.
 */
#include <asm/csr.h>
#include <asm/offsets.h>
#include <asm/trap.h>

#define X(n) (TF_X + 8 * (n))

/* The registers that a call does not preserve, to or from the frame at base; sp, t0 and t1 apart. */
.macro MOVE_CALLER op, base
    \op ra, X(1)(\base)
    \op gp, X(3)(\base)
    \op tp, X(4)(\base)
    \op t2, X(7)(\base)
    \op s0, X(8)(\base)
    \op a0, X(10)(\base)
    \op a1, X(11)(\base)
    \op a2, X(12)(\base)
    \op a3, X(13)(\base)
    \op a4, X(14)(\base)
    \op a5, X(15)(\base)
    \op a6, X(16)(\base)
    \op a7, X(17)(\base)
    \op t3, X(28)(\base)
    \op t4, X(29)(\base)
    \op t5, X(30)(\base)
    \op t6, X(31)(\base)
.endm

/* Those that it does, but s0: the entry clears it, as the end of the chain of frames. */
.macro MOVE_CALLEE op, base
    \op s1, X(9)(\base)
    \op s2, X(18)(\base)
    \op s3, X(19)(\base)
    \op s4, X(20)(\base)
    \op s5, X(21)(\base)
    \op s6, X(22)(\base)
    \op s7, X(23)(\base)
    \op s8, X(24)(\base)
    \op s9, X(25)(\base)
    \op s10, X(26)(\base)
    \op s11, X(27)(\base)
.endm

.macro MOVE op, base
    MOVE_CALLEE \op, \base
    MOVE_CALLER \op, \base
.endm

/* Where the scheduler wants to know until when the program ran: once, then as always. */
    .text
    .globl trap_user_entry_timed
trap_user_entry_timed:
    rdtime t1
    sd t1, ENTRY_ENTERED(sp)
    la t1, trap_user_entry
    sd t1, ENTRY_KERNEL_ENTRY(sp)

    .globl trap_user_entry
trap_user_entry:
    csrr t1, sstatus
    andi t0, t1, SSTATUS_SPP
    bnez t0, not_from_user
    ld t0, ENTRY_FRAME(sp)
    MOVE sd, t0
    sd t1, TF_STATUS(t0)
    ld t1, ENTRY_T0(sp)
    ld a2, ENTRY_T1(sp)
    csrr a3, sscratch
    csrr a4, sepc
    csrr a1, scause
    sd t1, X(5)(t0)
    sd a2, X(6)(t0)
    sd a3, X(2)(t0)
    sd a1, TF_CAUSE(t0)
    la a2, trap_kernel_entry
    csrw stvec, a2
    ld tp, ENTRY_CPU(sp)
    mv sp, t0
    li fp, 0
    li a2, CAUSE_USER_ECALL
    bne a1, a2, not_a_call

/* A system call: the hottest path there is, so without a detour through C. */
    addi a4, a4, 4                      /* ecall has no compressed form */
    sd a0, X(0)(sp)                     /* for a restart */
    sd a4, TF_PC(sp)
    mv a0, sp
    csrsi sstatus, SSTATUS_SIE
    call trap_syscall                   /* trap_syscall(frame) */
    csrci sstatus, SSTATUS_SIE
    lw t0, CPU_WORK(tp)
    bnez t0, work
    ld t0, TF_CAUSE(sp)
    li t1, CAUSE_USER_ECALL
    mv a0, sp
    bne t0, t1, trap_user_return

/*
 * The frame is the one that the call made (whoever replaces its registers also changes the cause), so
 * what C code preserves is still in the registers.
 */
.macro LEAVE callee
    ld t0, CPU_ENTRY(tp)
    ld t1, TF_PC(a0)
    ld t2, TF_STATUS(a0)
    ld a1, X(2)(a0)
    ld a2, X(5)(a0)
    ld a3, X(6)(a0)
    ld a4, ENTRY_VECTOR(t0)
    csrw sepc, t1
    csrw sstatus, t2
    csrw sscratch, a1
    csrw stvec, a4
    sd a2, ENTRY_T0(t0)
    sd a3, ENTRY_T1(t0)
    mv sp, t0
    mv t1, a0
    .if \callee
    MOVE_CALLEE ld, t1
    .endif
    MOVE_CALLER ld, t1
    ld t1, ENTRY_LEAVE(sp)
    ld t0, ENTRY_USER_SATP(sp)
    jr t1
.endm
    LEAVE 0

not_a_call:
    sd a4, TF_PC(sp)
    mv a0, sp
    call trap_from_user                 /* trap_from_user(frame, cause) */
    mv a0, sp

/*
 * trap_user_return(frame): to user mode with all its registers. Interrupts are off.
 *
 * A load reservation must not outlive the change of threads or of a mapping: if another thread on this
 * hart stored to the word, the core may still let the store conditional succeed (unprivileged
 * specification, "Load-Reserved/Store-Conditional Instructions"). Any sc ends it; x0's place is free.
 */
    .globl trap_user_return
trap_user_return:
    sc.d zero, zero, (a0)
    LEAVE 1

work:
    mv a0, sp
    call trap_do_user_work
    mv a0, sp
    j trap_user_return

/* A trap of the kernel itself came through the trampoline: the hart's state is not to be trusted. */
not_from_user:
    ld tp, ENTRY_CPU(sp)
    ld t0, ENTRY_OVERFLOW(sp)
    addi t0, t0, -TRAP_FRAME_SIZE
    MOVE sd, t0
    sd t1, TF_STATUS(t0)
    ld t1, ENTRY_T0(sp)
    sd t1, X(5)(t0)
    ld t1, ENTRY_T1(sp)
    sd t1, X(6)(t0)
    csrr t1, sscratch
    sd t1, X(2)(t0)
    la t1, trap_kernel_entry
    csrw stvec, t1
    mv sp, t0
    jal t1, store_csrs
    mv a0, sp
    li fp, 0
    call trap_misrouted
    unimp

    .balign 4
    .globl trap_kernel_entry
trap_kernel_entry:
    csrw sscratch, t0                   /* unused in kernel mode, and traps do not nest here */
    addi sp, sp, -TRAP_FRAME_SIZE
    srli t0, sp, 14
    andi t0, t0, 1
    beqz t0, stack_overflow
    csrr t0, sscratch
    sd t0, X(5)(sp)
    sd t1, X(6)(sp)
    MOVE sd, sp
    addi t0, sp, TRAP_FRAME_SIZE
    sd t0, X(2)(sp)
    jal t1, store_csrs
    mv a0, sp
    call trap_from_kernel
    sc.d zero, zero, (sp)               /* see trap_user_return: this may be between lr and sc */
    ld t0, TF_PC(sp)
    ld t1, TF_STATUS(sp)
    csrw sepc, t0
    csrw sstatus, t1
    MOVE ld, sp
    ld t0, X(5)(sp)
    ld t1, X(6)(sp)
    addi sp, sp, TRAP_FRAME_SIZE
    sret

stack_overflow:
    addi sp, sp, TRAP_FRAME_SIZE
    ld t0, CPU_OVERFLOW(tp)
    addi t0, t0, -TRAP_FRAME_SIZE
    sd sp, X(2)(t0)
    sd t1, X(6)(t0)
    mv sp, t0
    csrr t0, sscratch
    sd t0, X(5)(sp)
    MOVE sd, sp
    jal t1, store_csrs
    mv a0, sp
    call trap_stack_overflow
    unimp

/* Until cpus have stacks in slots, every trap in kernel mode is the end. */
    .balign 4
    .globl trap_early_entry
trap_early_entry:
    addi sp, sp, -TRAP_FRAME_SIZE
    sd t0, X(5)(sp)
    sd t1, X(6)(sp)
    MOVE sd, sp
    addi t0, sp, TRAP_FRAME_SIZE
    sd t0, X(2)(sp)
    jal t1, store_csrs
    mv a0, sp
    call trap_from_early
    unimp

store_csrs:                             /* frame at sp, return address in t1 */
    csrr t0, sepc
    sd t0, TF_PC(sp)
    csrr t0, sstatus
    sd t0, TF_STATUS(sp)
    csrr t0, scause
    sd t0, TF_CAUSE(sp)
    csrr t0, stval
    sd t0, TF_VALUE(sp)
    jr t1
