/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO: one page of code that programs call like a library, made by arch/riscv/vdso, and behind it one
 * with its data. Both are mapped into every program as one region, readable and executable, found through
 * AT_SYSINFO_EHDR: one frame of each for all.
 */
#pragma once

#include <lib/types.h>

/* Copies the vDSO's code to a page of the caller's. At start-up, once. */
void arch_vdso_make(void *page);

/* Offset in the page of the code that a signal handler returns to. */
u64 arch_vdso_sigreturn(void);
