/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: conversion between the counter's ticks and nanoseconds, and the calendar.
 *
 * Both directions multiply by a fixed-point number with 64 bits behind the point, so that the
 * error stays below one unit for every time that 64 bits can hold, and no division is left. The
 * calendar is monotonic time plus an offset, which only time_set_realtime changes.
 */
#include <arch/time.h>
#include <arch/vdso.h>
#include <base/atomic.h>
#include <base/panic.h>
#include <kernel/time.h>

/* whole + fraction / 2^64: how many `to` units make one `from` unit. */
struct ratio {
    u64 whole;
    u64 fraction;
};

static struct ratio ns_per_tick;
static struct ratio ticks_per_ns;
static u64 boot_ticks;
/* Once it is published, the word in the page that programs read: there is one, so none can differ. */
static u64 own_offset;
static u64 *realtime_offset = &own_offset;

/* to / from with 64 fractional bits, by long division in two steps; from < 2^32. */
static struct ratio ratio_make(u64 to, u64 from)
{
    u64 rest = to % from;
    u64 high = (rest << 32) / from;

    rest = (rest << 32) % from;
    return (struct ratio){.whole = to / from, .fraction = high << 32 | (rest << 32) / from};
}

static u64 multiply_high(u64 a, u64 b)
{
    return (u64)(((unsigned __int128)a * b) >> 64);
}

void time_init(void)
{
    ASSERT(arch_time_hz > 0 && arch_time_hz < 1ul << 32);
    ns_per_tick = ratio_make(NSEC_PER_SEC, arch_time_hz);
    ticks_per_ns = ratio_make(arch_time_hz, NSEC_PER_SEC);
    boot_ticks = arch_ticks();
}

u64 time_ticks_to_ns(u64 ticks)
{
    return ticks * ns_per_tick.whole + multiply_high(ticks, ns_per_tick.fraction);
}

u64 time_ns_to_ticks(u64 ns)
{
    u64 ticks = ns * ticks_per_ns.whole + multiply_high(ns, ticks_per_ns.fraction);

    if (ns == TIME_NEVER)
        return TIME_NEVER;
    /* What was cut off makes it too early; whoever reads the clock then must not see that. */
    while (time_ticks_to_ns(ticks) < ns)
        ticks++;
    return ticks;
}

u64 time_now_ns(void)
{
    return time_ticks_to_ns(arch_ticks());
}

u64 time_realtime_offset(void)
{
    return atomic_load_relaxed(realtime_offset);
}

u64 time_realtime_ns(void)
{
    return time_now_ns() + time_realtime_offset();
}

u64 time_realtime_deadline(u64 ns)
{
    u64 offset = time_realtime_offset();
    u64 behind = 0 - offset;

    if (ns == TIME_NEVER)
        return TIME_NEVER;
    if ((s64)offset >= 0)
        return ns > offset ? ns - offset : 0;
    return ns >= TIME_NEVER - behind ? TIME_NEVER : ns + behind;
}

void time_set_realtime(u64 ns)
{
    atomic_store_relaxed(realtime_offset, ns - time_now_ns());
}

u64 time_resolution_ns(void)
{
    return MAX(1ul, time_ticks_to_ns(1));
}

void time_publish(struct vdso_clock *clock)
{
    *clock = (struct vdso_clock){
        .ns_per_tick = ns_per_tick.whole,
        .ns_per_tick_fraction = ns_per_tick.fraction,
        .boot_ns = time_boot_ns(),
        .realtime_offset = *realtime_offset,
        .resolution_ns = time_resolution_ns(),
    };
    realtime_offset = &clock->realtime_offset;
}

u64 time_boot_ns(void)
{
    return time_ticks_to_ns(boot_ticks);
}

u64 time_boot_realtime_ns(void)
{
    return time_boot_ns() + time_realtime_offset();
}
