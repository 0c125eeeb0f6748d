/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the vDSO. User mode: nothing here is the kernel's. */
#pragma once

#include <abi/linux/time.h>
#include <kernel/clock_page.h>

/* In the next page (vdso.lds); the kernel writes, programs read. */
extern const struct clock_page vdso_clock __attribute__((visibility("hidden")));

/* The system call `number`, and its result: -errno where it fails. calls.S */
long vdso_system_call(u64 a, u64 b, u64 c, long number);

/* What tables.S exports as __vdso_...; Linux's manual page vdso(7), "riscv functions". */
int vdso_clock_gettime(int clock, struct linux_timespec *to);
int vdso_clock_getres(int clock, struct linux_timespec *to);
int vdso_gettimeofday(struct linux_timeval *tv, struct linux_timezone *tz);
int vdso_getcpu(u32 *cpu, u32 *node, void *unused);
int vdso_flush_icache(vaddr_t start, vaddr_t end, u64 flags);
