/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The accesses of try.h. One that faults continues where the handler says: at the return address with the
 * reason in a0, or, for code that could not be fetched, at try_call_refused.
 */
    .section .text.try, "ax", @progbits
    .globl try_load, try_load_at
try_load:
try_load_at:
    ld      a0, 0(a0)
    sd      a0, 0(a1)
    li      a0, 0
    ret

    .globl try_store, try_store_at
try_store:
try_store_at:
    sd      a1, 0(a0)
    li      a0, 0
    ret

    .globl try_call, try_call_returned, try_call_refused
try_call:
    addi    sp, sp, -16
    sd      ra, 8(sp)
    sd      a1, 0(sp)
    jalr    a0
try_call_returned:
    ld      a1, 0(sp)
    sd      a0, 0(a1)
    li      a0, 0
try_call_refused:
    ld      ra, 8(sp)
    addi    sp, sp, 16
    ret
