/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting and finding bits in a word. The compiler's builtins would call libgcc on a RISC-V
 * without Zbb, and the kernel links no libgcc; so the portable forms are spelled out here.
 */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <lib/types.h>

#ifndef BITS_HAVE_BUILTINS /* a host test may choose the portable forms */
#if __STDC_HOSTED__ || defined(__riscv_zbb)
#define BITS_HAVE_BUILTINS 1
#else
#define BITS_HAVE_BUILTINS 0
#endif
#endif

/* Index (0..63) of the highest set bit. Undefined for 0. */
static inline unsigned bits_highest(u64 x)
{
#if BITS_HAVE_BUILTINS
    return 63u - (unsigned)__builtin_clzl(x);
#else
    unsigned n = 0;

    for (unsigned step = 32; step; step >>= 1) {
        if (x >> step) {
            x >>= step;
            n += step;
        }
    }
    return n;
#endif
}

/* Index (0..63) of the lowest set bit. Undefined for 0. */
static inline unsigned bits_lowest(u64 x)
{
#if BITS_HAVE_BUILTINS
    return (unsigned)__builtin_ctzl(x);
#else
    return bits_highest(x & -x);
#endif
}

/* The number of set bits. */
static inline unsigned bits_count(u64 x)
{
#if BITS_HAVE_BUILTINS
    return (unsigned)__builtin_popcountl(x);
#else
    x -= (x >> 1) & 0x5555555555555555ul;
    x = (x & 0x3333333333333333ul) + ((x >> 2) & 0x3333333333333333ul);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0ful;
    return (unsigned)((x * 0x0101010101010101ul) >> 56);
#endif
}

static inline bool bits_is_power_of_two(u64 x)
{
    return x && !(x & (x - 1));
}

/* The smallest n such that 2^n >= x, for 1 <= x <= 2^63. */
static inline unsigned bits_log2_up(u64 x)
{
    return x <= 1 ? 0 : bits_highest(x - 1) + 1;
}

#endif
