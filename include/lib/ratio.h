/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fixed-point factors with 64 bits behind the point, to go from one unit to another: the error of a product stays below
 * one unit for every number that 64 bits can hold, and no division is left.
 */
#ifndef LIB_RATIO_H
#define LIB_RATIO_H

#include <lib/types.h>

/* whole + fraction / 2^64 */
struct ratio {
    u64 whole;
    u64 fraction;
};

/* to / from, rounded down; from > 0, and the result is below 2^64. */
struct ratio ratio_make(u64 to, u64 from);

/* 1 / r, rounded down; r > 2^-64. */
struct ratio ratio_inverse(struct ratio r);

static inline u64 ratio_high(u64 a, u64 b)
{
    return (u64)(((unsigned __int128)a * b) >> 64);
}

/* n * r, rounded down, modulo 2^64. */
static inline u64 ratio_times(struct ratio r, u64 n)
{
    return n * r.whole + ratio_high(n, r.fraction);
}

/* The same; ~0 where that is more than 64 bits. */
static inline u64 ratio_times_most(struct ratio r, u64 n)
{
    unsigned __int128 product = (unsigned __int128)n * r.whole + ratio_high(n, r.fraction);

    return product >> 64 ? ~0ul : (u64)product;
}

#endif
