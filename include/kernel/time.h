/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: the machine's counter in ticks, monotonic nanoseconds since boot, and the calendar.
 *
 * Reading the counter traps to firmware on some cores, so hot paths read it at most once and pass
 * the value on. Everything inside the scheduler and the timers counts in ticks; interfaces speak
 * nanoseconds.
 */
#pragma once

#include <arch/time.h>
#include <lib/types.h>

#define NSEC_PER_SEC  1000000000ul
#define NSEC_PER_MSEC 1000000ul
#define NSEC_PER_USEC 1000ul

/* A time that never comes, in ticks and in nanoseconds (WAIT_FOREVER). */
#define TIME_NEVER (~0ul)

/* Learns the counter's rate; before anything else of the kernel uses time. Boot cpu, once. */
void time_init(void);

/*
 * Spans of time, at the counter's nominal rate: for how long something ran. Ticks to ns rounds down; ns to ticks gives
 * the least number of ticks that are so many ns or more. TIME_NEVER stays.
 */
u64 time_ticks_to_ns(u64 ticks);
u64 time_ns_to_ticks(u64 ns);

/* The counter, now (arch_ticks() of <arch/time.h> under its portable name). Any context. */
static inline u64 time_now_ticks(void)
{
    return arch_ticks();
}

/*
 * The clock of all deadlines: nanoseconds since about when the counter began, which is shortly before boot. Monotonic,
 * and slewed (time_set_rate). Any context.
 */
u64 time_now_ns(void);

/* What time_now_ns() is when the counter is at `ticks`: of now, or a little before. Any context. */
u64 time_at_ticks(u64 ticks);

/*
 * The first tick at which time_now_ns() shows `ns` or later, if the clock's rate stays as it is: after a change it has
 * to be asked anew. TIME_NEVER stays. Any context.
 */
u64 time_deadline_ticks(u64 ns);

/*
 * Nanoseconds since 1970 (UTC). Starts at the date of the build until a real-time clock, or a program,
 * sets it. Any context.
 */
u64 time_realtime_ns(void);

/*
 * Sets it; -EINVAL: time_step_realtime would make it less than the time since boot, or too large. A leap that is to
 * come is given up. Nobody is told: clock_set() of <kernel/clock_adjust.h> is for those who run when others wait.
 */
void time_set_realtime(u64 ns);
int time_step_realtime(s64 ns);

/* From this on it is no time of the calendar: so that 30 years can pass before it is more ns than 63 bits hold. */
#define TIME_REALTIME_LIMIT ((~0ul >> 1) - 30ul * 365 * 86400 * NSEC_PER_SEC)

/* International atomic time in ns, and the seconds that it is ahead of UTC (0 until somebody says). Any context. */
u64 time_tai_ns(void);
s32 time_tai(void);
void time_set_tai(s32 seconds);

/* Since boot, at the counter's nominal rate: CLOCK_MONOTONIC_RAW. Any context. */
u64 time_raw_ns(void);

/*
 * When realtime, as it is set now, shows `ns` for the first time, in time_now_ns(): 0 when that was before it
 * began; TIME_NEVER stays. The same for TAI. Any context.
 */
u64 time_realtime_deadline(u64 ns);
u64 time_tai_deadline(u64 ns);

/*
 * From now on, a second of the counter's is `rate` / 2^32 ns (TIME_RATE_NOMINAL: as many as in a second) of all clocks but
 * the raw one. They go on from where they are. The timer hardware is the caller's to set anew (timer_rate_changed).
 */
#define TIME_RATE_NOMINAL (NSEC_PER_SEC << 32)
void time_set_rate(u64 rate);

/*
 * Once realtime shows `at` ns or more it is that many and `leap`: a second back, or one ahead. TIME_NEVER: none is to come.
 * One that has come stays. Returns when that will be, in time_now_ns().
 */
u64 time_set_leap(u64 at, s64 leap);

/* One tick of the machine's counter, at least a nanosecond: as fine as any clock is. */
u64 time_resolution_ns(void);

/*
 * Moves what clocks are computed from to where programs can read it: the memory is the clock's for good. Before there are
 * programs, and other cpus' interrupts, once.
 */
struct clock_page;
void time_publish(struct clock_page *page);

/* Nanoseconds of time_now_ns() at which the kernel started: uptime is the difference. */
u64 time_boot_ns(void);

/* Realtime at which the kernel started (for btime in /proc/stat). */
u64 time_boot_realtime_ns(void);
