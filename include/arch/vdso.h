/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO: one page of code that programs call like a library, made by arch/riscv/vdso, and behind it one
 * with its data. Both are mapped into every program as one region, readable and executable, found through
 * AT_SYSINFO_EHDR: one frame of each for all.
 */
#pragma once

#include <lib/types.h>

/*
 * What a program computes its clocks from. Lies in a page of its own, which all programs read while the kernel
 * changes it: a page of code that is stored to would have to be fenced for instruction fetch. realtime_offset alone ever changes, and is one word, so readers need no sequence
 * count: they see the old or the new one.
 */
struct vdso_clock {
    u64 ns_per_tick;          /* nanoseconds of a tick of the counter: the whole ones, */
    u64 ns_per_tick_fraction; /* and 2^-64 of one */
    u64 boot_ns;              /* what the monotonic clocks count from, in ns of the counter */
    u64 realtime_offset;      /* realtime is ahead of the counter by so many ns */
    u64 resolution_ns;        /* what clock_getres says */
};

/* Copies the vDSO's code to a page of the caller's. At start-up, once. */
void arch_vdso_make(void *page);

/* Offset in the page of the code that a signal handler returns to. */
u64 arch_vdso_sigreturn(void);
