/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clocks are computed from, for the kernel and for programs: a page that all programs read (the vDSO's data)
 * while the kernel changes it. The arithmetic is here, once, so that the two never differ.
 *
 * A clock is a straight line: the counter's ticks times a factor, and a number that is added. When the rate changes, so does that
 * number, such that the clock goes on from where it is; ticks of before the change are on the new line too,
 * with less than a tick of difference, so a cpu whose counter is a tick behind sees nothing odd.
 *
 * The page has a sequence count, odd while it is changed. Who reads takes what he read if the count is even and the
 * same before and after; the counter is read between the two. The writer makes it odd before it reads the counter
 * itself: so nobody can take a time of the old line that is later than the moment of the change.
 */
#pragma once

#include <arch/time.h>
#include <lib/ratio.h>
#include <lib/types.h>

struct clock_page {
    u64 sequence;
    s32 tai; /* seconds that CLOCK_TAI is ahead of CLOCK_REALTIME, without the leap below */
    struct ratio rate;     /* nanoseconds of a tick */
    u64 monotonic;         /* ticks times rate and this: CLOCK_MONOTONIC, modulo 2^64 */
    u64 realtime;          /* the same for CLOCK_REALTIME, */
    u64 leap_at;           /* where that shows this or later, */
    u64 leap;              /* add this, one second or minus one */
    struct ratio raw_rate; /* CLOCK_MONOTONIC_RAW, of which nothing ever changes */
    u64 raw;
    u64 resolution; /* ns: what clock_getres says */
};

/* An odd count is taken for the even one before it, which it will never be again: so it counts as changed, below. */
static inline u64 clock_page_begin(const struct clock_page *page)
{
    u64 sequence = READ_ONCE(page->sequence) & ~1ul;

    arch_order_loads_ticks();
    return sequence;
}

static inline bool clock_page_changed(const struct clock_page *page, u64 sequence)
{
    arch_order_ticks_loads();
    return unlikely(READ_ONCE(page->sequence) != sequence);
}

/* Between the two: where the line of the slewed clocks stands. */
static inline u64 clock_page_line(const struct clock_page *page, u64 ticks)
{
    struct ratio rate = {READ_ONCE(page->rate.whole), READ_ONCE(page->rate.fraction)};

    return ratio_times(rate, ticks);
}

/* The clocks that are slewed. */
enum clock_page_clock { CLOCK_PAGE_MONOTONIC, CLOCK_PAGE_REALTIME, CLOCK_PAGE_TAI };

/* Between the two: what a clock shows. TAI has no leap seconds. */
static __always_inline u64 clock_page_show(const struct clock_page *page,
                                           enum clock_page_clock clock, u64 ticks)
{
    u64 ns = clock_page_line(page, ticks);

    if (clock == CLOCK_PAGE_MONOTONIC)
        return ns + READ_ONCE(page->monotonic);
    ns += READ_ONCE(page->realtime);
    if (clock == CLOCK_PAGE_TAI)
        return ns + (u64)READ_ONCE(page->tai) * 1000000000ul;
    return unlikely(ns >= READ_ONCE(page->leap_at)) ? ns + READ_ONCE(page->leap) : ns;
}

static __always_inline u64 clock_page_read(const struct clock_page *page,
                                           enum clock_page_clock clock)
{
    u64 sequence;
    u64 ns;

    do {
        sequence = clock_page_begin(page);
        ns = clock_page_show(page, clock, arch_ticks());
    } while (clock_page_changed(page, sequence));
    return ns;
}

static inline u64 clock_page_monotonic(const struct clock_page *page)
{
    return clock_page_read(page, CLOCK_PAGE_MONOTONIC);
}

static inline u64 clock_page_realtime(const struct clock_page *page)
{
    return clock_page_read(page, CLOCK_PAGE_REALTIME);
}

static inline u64 clock_page_tai(const struct clock_page *page)
{
    return clock_page_read(page, CLOCK_PAGE_TAI);
}

static inline u64 clock_page_raw(const struct clock_page *page)
{
    return ratio_times(page->raw_rate, arch_ticks()) + page->raw;
}
