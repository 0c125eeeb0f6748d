/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trampoline: the only code that is mapped in every address space.
 *
 * Between user mode and the kernel lies a change of satp, and the instructions around it must
 * stand at the same virtual address on both sides. This page is mapped at TRAMPOLINE_VA (global, RX)
 * and comes in three variants; each hart's stvec names one, chosen once at boot:
 *
 *   asid    satp carries an ASID: translations of kernel (0) and user (1) are told apart.
 *   fence   the core has no ASIDs: it may keep entries of the old root, non-leaf and invalid ones
 *           included, so every write of satp is followed by a full fence (privileged specification,
 *           "Supervisor Memory-Management Fence Instruction").
 *   shared  pti=off: user roots contain the kernel half, nothing is switched.
 *
 * On entry sscratch holds the hart's entry page. Only sp is free after the swap; t0 and t1 go to
 * the entry page until trap_user_entry (trap_entry.S) can store them in the trap frame.
 */
#include <asm/offsets.h>

    .section .trampoline, "ax"

.macro VARIANT name, switch, fence
    .balign 4                           /* stvec, direct mode */
    .globl trampoline_enter_\name
trampoline_enter_\name:
    csrrw sp, sscratch, sp
    sd t0, ENTRY_T0(sp)
    sd t1, ENTRY_T1(sp)
    ld t1, ENTRY_KERNEL_ENTRY(sp)
    .if \switch
    ld t0, ENTRY_KERNEL_SATP(sp)
    csrw satp, t0
    .endif
    .if \fence
    sfence.vma
    .endif
    jr t1

    .balign 4
    .globl trampoline_leave_\name
trampoline_leave_\name:                 /* sp = entry page, t0 = the program's satp */
    .if \switch
    csrw satp, t0
    .endif
    .if \fence
    sfence.vma
    .endif
    ld t0, ENTRY_T0(sp)
    ld t1, ENTRY_T1(sp)
    csrrw sp, sscratch, sp
    sret
.endm

    VARIANT asid, 1, 0
    VARIANT fence, 1, 1
    VARIANT shared, 0, 0
