/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cpu: who am I, relax, sleep, stop.
 *
 * <asm/cpu.h> supplies struct arch_cpu (what arch keeps inside struct cpu) and the inlines
 *   struct cpu *arch_this_cpu(void)  one instruction;
 *   void arch_relax(void)            a hint inside spin loops;
 *   void arch_idle(void)             waits for an interrupt, may return at any time. Interrupts are
 *                                    off at entry and exit; a pending one ends the wait all the same.
 */
#pragma once

#include <lib/types.h>

struct cpu;
struct trap_frame;

#include <asm/cpu.h>

/* Stops this cpu for ever, interrupts off. Also used by panic. */
__noreturn void arch_halt(void);

/* The machine's own number of a cpu, for messages only ("hart 3"). */
u64 arch_cpu_hwid(u32 cpu);

/* The logical cpu with that number, or -1 when there is none among ours. */
int arch_cpu_of_hwid(u64 hwid);

/* Prints a backtrace through the raw log: of the caller (tf NULL) or of a trap frame. */
void arch_backtrace(const struct trap_frame *tf);

/* Prints the registers in words: of a trap frame, or of the caller when NULL. */
void arch_dump_registers(const struct trap_frame *tf);

/* One line of what the cpu is, for /proc/cpuinfo: writes "isa\t: ..." style lines into sink. */
struct fmt_sink;
void arch_cpu_describe(u32 cpu, struct fmt_sink *sink);
