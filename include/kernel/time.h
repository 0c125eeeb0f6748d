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
 * Conversion, to the unit: ticks to ns rounds down; ns to ticks gives the first tick at which the
 * clock, in ns, shows that time or a later one. TIME_NEVER stays.
 */
u64 time_ticks_to_ns(u64 ticks);
u64 time_ns_to_ticks(u64 ns);

/* The counter, now (arch_ticks() of <arch/time.h> under its portable name). Any context. */
static inline u64 time_now_ticks(void)
{
    return arch_ticks();
}

/* Nanoseconds since the counter began, which is shortly before boot. Monotonic. Any context. */
u64 time_now_ns(void);

/*
 * Nanoseconds since 1970 (UTC). Starts at the date of the build until a real-time clock, or a program,
 * sets it. Any context.
 */
u64 time_realtime_ns(void);
void time_set_realtime(u64 ns);

/* What realtime is ahead of time_now_ns(), modulo 2^64: it may have been set to before that began. */
u64 time_realtime_offset(void);

/*
 * When realtime, as it is set now, shows `ns`, in time_now_ns(): 0 when that was before it began;
 * TIME_NEVER stays. Any context.
 */
u64 time_realtime_deadline(u64 ns);

/* One tick of the machine's counter, at least a nanosecond: as fine as any clock is. */
u64 time_resolution_ns(void);

/*
 * Fills in what programs compute their clocks from, and keeps it up to date from here on: the memory is
 * the clock's for good. Before there are programs, once.
 */
struct vdso_clock;
void time_publish(struct vdso_clock *clock);

/* Nanoseconds of time_now_ns() at which the kernel started: uptime is the difference. */
u64 time_boot_ns(void);

/* Realtime at which the kernel started (for btime in /proc/stat). */
u64 time_boot_realtime_ns(void);
