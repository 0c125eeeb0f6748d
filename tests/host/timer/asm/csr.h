/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for RISC-V's <asm/csr.h>: what a hart has for its timer. */
#pragma once

#include <lib/types.h>

#define CSR_STIMECMP 0x14d

void csr_write(u32 csr, u64 value);
