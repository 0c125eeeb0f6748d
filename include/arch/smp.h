/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other cpus.
 */
#pragma once

#include <lib/types.h>

/*
 * Starts cpu id (1..cpu_count()-1): it ends up in smp_secondary_main() (kernel/main.c) with
 * interrupts off, the kernel's table active, on the stack given. 0, or a negative error when the
 * firmware refuses (the caller logs it and goes on without that cpu).
 */
int arch_cpu_start(u32 cpu, vaddr_t stack_top);

/* Interrupts another cpu: it gets trap_ipi(). */
void arch_ipi(u32 cpu);

/* Panic: makes all other cpus stop; waits a bounded time. Returns how many did not answer. */
u32 arch_stop_others(void);

/* Named upcall, kernel/main.c. */
__noreturn void smp_secondary_main(void);
