/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: conversion between the counter's ticks and nanoseconds, and the clocks.
 *
 * All that the clocks are computed from lies in one page (kernel/clock_page.h), which programs read as well; once it is
 * published there is no other copy, so none can differ. Beside it the kernel has the factor for the way
 * back, under the same sequence count. Readers take no lock and may be interrupts.
 *
 * Lock: `clock`, for who changes it, with interrupts off: so nobody on the same cpu waits for the count to become even.
 */
#include <arch/time.h>
#include <base/atomic.h>
#include <base/panic.h>
#include <base/spinlock.h>
#include <kernel/clock_page.h>
#include <kernel/time.h>
#include <lib/errno.h>

static struct ratio ns_per_tick; /* nominal: what a time span has, whatever the clocks' rate */
static struct ratio ticks_per_ns;
static u64 boot_ticks;
static u64 boot_ns;

static struct clock_page own_page;
static struct clock_page *page = &own_page;
static struct ratio line_ticks_per_ns; /* 1 / page->rate */
static struct spinlock clock_lock = SPINLOCK_INIT("clock");

void time_init(void)
{
    ASSERT(arch_time_hz > 0 && arch_time_hz < 1ul << 32);
    ns_per_tick = ratio_make(NSEC_PER_SEC, arch_time_hz);
    ticks_per_ns = ratio_make(arch_time_hz, NSEC_PER_SEC);
    line_ticks_per_ns = ratio_inverse(ns_per_tick);
    boot_ticks = arch_ticks();
    boot_ns = time_ticks_to_ns(boot_ticks);
    *page = (struct clock_page){.rate = ns_per_tick,
                                .monotonic = 0 - boot_ns,
                                .leap_at = TIME_NEVER,
                                .raw_rate = ns_per_tick,
                                .raw = 0 - boot_ns,
                                .resolution = time_resolution_ns()};
}

void time_publish(struct clock_page *published)
{
    *published = *page;
    atomic_store_release(&page, published);
}

/* --- spans --- */

u64 time_ticks_to_ns(u64 ticks)
{
    return ratio_times(ns_per_tick, ticks);
}

u64 time_ns_to_ticks(u64 ns)
{
    u64 ticks = ratio_times(ticks_per_ns, ns);

    if (ns == TIME_NEVER)
        return TIME_NEVER;
    /* What was cut off makes it too early; whoever reads the clock then must not see that. */
    while (time_ticks_to_ns(ticks) < ns)
        ticks++;
    return ticks;
}

u64 time_resolution_ns(void)
{
    return MAX(1ul, time_ticks_to_ns(1));
}

/* --- reading --- */

u64 time_now_ns(void)
{
    return clock_page_monotonic(page) + boot_ns;
}

u64 time_raw_ns(void)
{
    return clock_page_raw(page);
}

u64 time_realtime_ns(void)
{
    return clock_page_realtime(page);
}

u64 time_tai_ns(void)
{
    return clock_page_tai(page);
}

u64 time_boot_ns(void)
{
    return boot_ns;
}

u64 time_at_ticks(u64 ticks)
{
    u64 sequence;
    u64 ns;

    do {
        sequence = clock_page_begin(page);
        ns = clock_page_line(page, ticks) + page->monotonic;
    } while (clock_page_changed(page, sequence));
    return ns + boot_ns;
}

/* From the leap on it is a part of what CLOCK_REALTIME is, and of what TAI is ahead. */
static void leap_if_due(struct clock_page *at, u64 line)
{
    if (line + at->realtime < at->leap_at)
        return;
    at->realtime += at->leap;
    at->tai -= (s32)((s64)at->leap / (s64)NSEC_PER_SEC);
    at->leap_at = TIME_NEVER;
}

/* All of it at one moment, and the factor for the way back. */
static struct clock_page look(struct ratio *back)
{
    struct clock_page seen;
    u64 sequence;

    do {
        sequence = clock_page_begin(page);
        seen = *page;
        *back = line_ticks_per_ns;
    } while (clock_page_changed(page, sequence));
    return seen;
}

u64 time_boot_realtime_ns(void)
{
    struct ratio back;
    struct clock_page seen = look(&back);

    return seen.realtime - seen.monotonic;
}

s32 time_tai(void)
{
    struct ratio back;
    struct clock_page seen = look(&back);

    leap_if_due(&seen, clock_page_line(&seen, arch_ticks()));
    return seen.tai;
}

/* --- when a clock shows something --- */

/* ns - added, where `added` is a number modulo 2^64 that stands for one of either sign. */
static u64 without(u64 ns, u64 added)
{
    u64 behind = 0 - added;

    if ((s64)added >= 0)
        return ns > added ? ns - added : 0;
    return ns >= TIME_NEVER - behind ? TIME_NEVER : ns + behind;
}

u64 time_deadline_ticks(u64 ns)
{
    struct ratio back;
    struct clock_page seen = look(&back);
    u64 line = without(ns, seen.monotonic + boot_ns);
    u64 ticks = ratio_times_most(back, line);

    if (ns == TIME_NEVER)
        return TIME_NEVER;
    /* As above: never too early. */
    while (ticks != TIME_NEVER && clock_page_line(&seen, ticks) < line)
        ticks++;
    return ticks;
}

/* What CLOCK_REALTIME would be without the leap, when with it that shows `ns` or, for the first time, later. */
static u64 before_leap(const struct clock_page *seen, u64 ns)
{
    return ns < seen->leap_at ? ns : MAX(seen->leap_at, without(ns, seen->leap));
}

u64 time_realtime_deadline(u64 ns)
{
    struct ratio back;
    struct clock_page seen = look(&back);

    if (ns == TIME_NEVER)
        return TIME_NEVER;
    return without(before_leap(&seen, ns), seen.realtime - seen.monotonic - boot_ns);
}

u64 time_tai_deadline(u64 ns)
{
    struct ratio back;
    struct clock_page seen = look(&back);
    u64 ahead = (u64)seen.tai * NSEC_PER_SEC;

    return ns == TIME_NEVER ? TIME_NEVER
                            : without(ns, seen.realtime + ahead - seen.monotonic - boot_ns);
}

/* --- changing --- */

static irqflags_t change_begin(void)
{
    irqflags_t flags = spin_lock(&clock_lock);

    WRITE_ONCE(page->sequence, page->sequence + 1);
    arch_order_stores_ticks();
    return flags;
}

static void change_end(irqflags_t flags)
{
    atomic_store_release(&page->sequence, page->sequence + 1);
    spin_unlock(&clock_lock, flags);
}

void time_set_rate(u64 rate)
{
    struct ratio next = ratio_make(rate, arch_time_hz << 32);
    struct ratio back = ratio_inverse(next);
    irqflags_t flags = change_begin();
    u64 now = arch_ticks();
    u64 gap = ratio_times(page->rate, now) - ratio_times(next, now);

    page->rate = next;
    page->monotonic += gap;
    page->realtime += gap;
    line_ticks_per_ns = back;
    change_end(flags);
}

void time_set_realtime(u64 ns)
{
    irqflags_t flags = change_begin();
    u64 line = clock_page_line(page, arch_ticks());

    leap_if_due(page, line);
    page->leap_at = TIME_NEVER;
    page->realtime = ns - line;
    change_end(flags);
}

int time_step_realtime(s64 ns)
{
    irqflags_t flags = change_begin();
    u64 line = clock_page_line(page, arch_ticks());
    u64 next;
    bool good;

    leap_if_due(page, line);
    next = line + page->realtime + (u64)ns;
    good = next < TIME_REALTIME_LIMIT && next >= line + page->monotonic;
    if (good) {
        page->realtime += (u64)ns;
        page->leap_at = TIME_NEVER;
    }
    change_end(flags);
    return good ? 0 : -EINVAL;
}

u64 time_set_leap(u64 at, s64 leap)
{
    irqflags_t flags = change_begin();
    u64 moment;

    leap_if_due(page, clock_page_line(page, arch_ticks()));
    page->leap_at = at;
    page->leap = (u64)leap;
    moment = without(at, page->realtime - page->monotonic - boot_ns);
    change_end(flags);
    return moment;
}

void time_set_tai(s32 seconds)
{
    irqflags_t flags = change_begin();

    leap_if_due(page, clock_page_line(page, arch_ticks()));
    page->tai = seconds;
    change_end(flags);
}
