/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Touching what may not be there. A CSR that the core lacks raises an illegal-instruction exception, a page
 * that may not be written a page fault; stvec points behind the instructions meanwhile. Interrupts are off.
 */
#include <asm/csr.h>

/* bool name(argument): true if neither instruction traps. They find the argument in t1, and may use t2. */
.macro TRY name, then, first:vararg
    .globl \name
\name:
    la t0, 1f
    csrrw t0, stvec, t0
    mv t1, a0
    li a0, 0
    \first
    \then
    li a0, 1
    .balign 4
1:  csrw stvec, t0
    ret
.endm

    .text
/* bool csr_try_write_x(u64 value) */
    TRY csr_try_write_senvcfg, , csrw CSR_SENVCFG, t1
    TRY csr_try_write_stimecmp, , csrw CSR_STIMECMP, t1

/* bool csr_try_read_x(u64 *value) */
    TRY csr_try_read_sxstatus, "sd t2, (t1)", csrr t2, CSR_TH_SXSTATUS

/* bool try_store_zero(u32 *word) */
    TRY try_store_zero, , sw zero, (t1)
