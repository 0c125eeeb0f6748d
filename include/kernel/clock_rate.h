/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast the clocks run, as a program that follows a better clock (NTP) sets it: a frequency, the length of a tick, and offsets that
 * are slewed away a part each second. Arithmetic alone: no lock, no time of its own.
 *
 * Source: RFC 1589, "A Kernel Model for Precision Timekeeping", and what adjtimex(2) says of it.
 */
#pragma once

#include <lib/types.h>

/* Numbers with 32 bits behind the point, of nanoseconds, or of nanoseconds in a second. */
typedef s64 scaled_ns;
#define SCALED_NS(ns) ((scaled_ns)(ns) * ((scaled_ns)1 << 32))

#define CLOCK_TICK_NOMINAL 10000       /* us of a hundredth of a second, as programs know ticks */
#define CLOCK_FREQ_MOST    (500 << 16) /* 2^-16 ppm */

struct clock_rate {
    s64 tick;            /* us */
    scaled_ns frequency; /* of a second */
    scaled_ns offset;    /* what is still to be slewed away, as the loop does it: exponentially; */
    s64 single;          /* and as adjtime(3) does: us, 500 of them a second */
    scaled_ns slew;      /* what this second takes of both */
    unsigned constant;   /* log2 of the loop's time constant, 0 to 10 */
    u64 updated;         /* second of the last offset */
};

/* Nominal, with the protocol's usual constant. */
#define CLOCK_RATE_INIT                           \
    {                                             \
        .tick = CLOCK_TICK_NOMINAL, .constant = 2 \
    }

/* ns / 2^32 that a second of the counter is (time_set_rate). */
u64 clock_rate_total(const struct clock_rate *rate);

/* A second begins: takes its part of what is to be slewed. false: nothing is left to be. */
bool clock_rate_second(struct clock_rate *rate);

/* As programs give and get them. `freq` in 2^-16 ppm: beyond 500 ppm it is 500. */
void clock_rate_set_frequency(struct clock_rate *rate, s64 freq);
s64 clock_rate_frequency(const struct clock_rate *rate);
s64 clock_rate_offset(const struct clock_rate *rate); /* ns */

/* `nano`: the protocol's constant is for a loop of nanoseconds, which is 4 less than one of microseconds. */
void clock_rate_set_constant(struct clock_rate *rate, s64 constant, bool nano);

/*
 * The clock was found to be `ns` behind, at second `now` of any clock: will be slewed away, and the frequency follows. `status`: STA_FLL,
 * STA_FREQHOLD. Returns whether it followed as a frequency-locked loop does (STA_MODE).
 */
bool clock_rate_set_offset(struct clock_rate *rate, s64 ns, u64 now, u32 status);
