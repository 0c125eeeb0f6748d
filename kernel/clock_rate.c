/* SPDX-License-Identifier: BSD-2-Clause */
/* The phase- and frequency-locked loops of NTP's clock discipline. */
#include <abi/linux/timex.h>
#include <kernel/clock_rate.h>
#include <kernel/time.h>

#define SINGLE_MOST   500                     /* us in a second */
#define OFFSET_MOST   ((s64)NSEC_PER_SEC / 2) /* ns */
#define CONSTANT_MOST 10
#define SHIFT_PLL     2 /* log2 of the loops' gains */
#define SHIFT_FLL     2

/* Seconds between offsets: with less than one the frequency loop cannot, with more than the other it must be used. */
#define FLL_LEAST 256
#define FLL_MUST  2048

/* 2^-16 ppm of a second, in 2^-32 ns. */
#define FREQ_UNIT ((scaled_ns)1000 << 16)

static s64 clamp(s64 value, s64 most)
{
    return value > most ? most : value < -most ? -most : value;
}

u64 clock_rate_total(const struct clock_rate *rate)
{
    return (u64)(SCALED_NS(rate->tick * 100 * 1000) + rate->frequency + rate->slew);
}

bool clock_rate_second(struct clock_rate *rate)
{
    scaled_ns part = rate->offset / ((scaled_ns)1 << (SHIFT_PLL + rate->constant));
    s64 single = clamp(rate->single, SINGLE_MOST);

    if (clamp(rate->offset, SCALED_NS(1)) == rate->offset)
        part = rate->offset; /* the last nanosecond, or it would never end */
    rate->offset -= part;
    rate->single -= single;
    rate->slew = part + SCALED_NS(single * 1000);
    return rate->slew != 0;
}

void clock_rate_set_frequency(struct clock_rate *rate, s64 freq)
{
    rate->frequency = clamp(freq, CLOCK_FREQ_MOST) * FREQ_UNIT;
}

s64 clock_rate_frequency(const struct clock_rate *rate)
{
    return rate->frequency / FREQ_UNIT;
}

s64 clock_rate_offset(const struct clock_rate *rate)
{
    return rate->offset / SCALED_NS(1);
}

void clock_rate_set_constant(struct clock_rate *rate, s64 constant, bool nano)
{
    s64 most = nano ? CONSTANT_MOST : CONSTANT_MOST - 4;

    rate->constant = (unsigned)(MIN(MAX(constant, 0), most) + CONSTANT_MOST - most);
}

bool clock_rate_set_offset(struct clock_rate *rate, s64 ns, u64 now, u32 status)
{
    s64 seconds = status & STA_FREQHOLD ? 0 : (s64)(now - rate->updated);
    unsigned gain = SHIFT_PLL + 2 + rate->constant;
    bool fll = seconds >= FLL_LEAST && (status & STA_FLL || seconds > FLL_MUST);
    scaled_ns frequency = rate->frequency;

    ns = clamp(ns, OFFSET_MOST);
    if (fll)
        frequency += ns * (1l << (32 - SHIFT_FLL)) / seconds;
    /* Longer intervals would make this loop unstable. */
    seconds = MIN(seconds, 1l << (SHIFT_PLL + 1 + rate->constant));
    frequency += ns * seconds * (1l << (32 - 2 * gain));
    rate->frequency = clamp(frequency, CLOCK_FREQ_MOST * FREQ_UNIT);
    rate->offset = SCALED_NS(ns);
    rate->updated = now;
    return fll;
}
