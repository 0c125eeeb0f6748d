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

/*
 * Interrupts another cpu, which is online: it gets trap_ipi(), after everything that the caller has stored
 * so far. Left out where such an interrupt is on its way already. Any context.
 */
void arch_ipi(u32 cpu);

/* Of each cpu, changed by itself: interrupts sent to others, left out, and taken. */
struct ipi_counters {
    u64 sent, saved, received;
};
extern struct ipi_counters ipi_counters[];

/*
 * Panic and the end of the machine: asks all other cpus to stop; each does so in its next interrupt, or
 * while it waits for a spinlock. arch_stop_wait() gives them a bounded time and returns the set of
 * those that have stopped, bit n for cpu n.
 */
void arch_stop_others(void);
u32 arch_stop_wait(void);

/* Stops this cpu for good, as if it had been asked to: `pc` is where it was. */
__noreturn void arch_stop_here(vaddr_t pc, bool user);

/* In loops that spin with interrupts off: stops this cpu if it has been asked to. */
void arch_stop_point(void);

/* Where a cpu was when it stopped. */
struct stop_place {
    vaddr_t pc;
    bool user; /* in user mode: the address is a program's */
};
struct stop_place arch_stop_place(u32 cpu);

/* Named upcall, kernel/main.c. */
__noreturn void smp_secondary_main(void);
