/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Touching CSRs that may not exist. A CSR that the core lacks raises an illegal-instruction
 * exception; stvec points behind the instruction meanwhile. Interrupts are off.
 */
#include <asm/csr.h>

.macro TRY name, insn:vararg
    .globl \name
\name:
    la t0, 1f
    csrrw t0, stvec, t0
    mv t1, a0
    li a0, 0
    \insn
    li a0, 1
    .balign 4
1:  csrw stvec, t0
    ret
.endm

    .text
/* bool csr_try_write_x(u64 value): true if the CSR is there. */
    TRY csr_try_write_senvcfg, csrw CSR_SENVCFG, t1
    TRY csr_try_write_stimecmp, csrw CSR_STIMECMP, t1
