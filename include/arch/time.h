/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock and the timer of a cpu.
 *
 * Ticks count up at arch_time_hz, the same on all cpus. Reading may trap to firmware on real
 * cores: read once per trap or switch and hand the value on.
 */
#pragma once

#include <lib/types.h>

#include <asm/time.h>

/*
 * static inline, in <asm/time.h>:
 *
 *   u64 arch_ticks(void)                 the current time in ticks
 *   void arch_order_loads_ticks(void)    loads before this come before counter readings and loads behind it
 *   void arch_order_ticks_loads(void)    loads and counter readings before this come before loads behind it
 *   void arch_order_stores_ticks(void)   stores before this come before counter readings and stores behind it
 */

/* Ticks per second, from the device tree's timebase-frequency. Never 0 after early boot. */
extern u64 arch_time_hz;

/*
 * Arms this cpu's timer: trap_timer() is called once ticks >= deadline; a deadline in the past
 * fires at once. ~0 disarms it. Interrupts off.
 */
void arch_timer_set(u64 deadline);

/*
 * Waits for 50 microseconds, or until an interrupt is pending; not at all where the timer's deadline comes before that. What
 * the timer is armed for stays. Interrupts off. For who waits long like that: in an emulator with more harts than processors, the hart
 * that is waited for can have this one's.
 */
void arch_doze(void);
