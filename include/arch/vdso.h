/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO: one page of code that programs call like a library, made by arch/riscv/vdso. It is mapped
 * readable and executable into every program, found through AT_SYSINFO_EHDR, and holds its data
 * itself: one frame for all, one region, one translation.
 */
#pragma once

#include <lib/types.h>

/*
 * What a program computes its clocks from. Lies in the page that all programs read while the kernel
 * changes it; realtime_offset alone ever changes, and is one word, so readers need no sequence
 * count: they see the old or the new one.
 */
struct vdso_clock {
    u64 ns_per_tick;          /* nanoseconds of a tick of the counter: the whole ones, */
    u64 ns_per_tick_fraction; /* and 2^-64 of one */
    u64 boot_ns;              /* what the monotonic clocks count from, in ns of the counter */
    u64 realtime_offset;      /* realtime is ahead of the counter by so many ns */
    u64 resolution_ns;        /* what clock_getres says */
};

/*
 * Copies the vDSO to a page of the caller's, and returns the clock's place in it, for
 * time_publish(). At start-up, once.
 */
struct vdso_clock *arch_vdso_make(void *page);

/* Offset in the page of the code that a signal handler returns to. */
u64 arch_vdso_sigreturn(void);
