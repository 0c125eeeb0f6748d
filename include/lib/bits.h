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

/* Finds the place of a bit that stands alone: see lib/bits.c. */
#define BITS_SEQUENCE 0x03f79d71b4cb0a89ul
extern const u8 bits_table[64];

static inline unsigned bits_place(u64 bit)
{
    return bits_table[(bit * BITS_SEQUENCE) >> 58];
}

/* Index (0..63) of the highest set bit. Undefined for 0. */
static inline unsigned bits_highest(u64 x)
{
#if BITS_HAVE_BUILTINS
    return 63u - (unsigned)__builtin_clzl(x);
#else
    for (unsigned step = 1; step < 64; step *= 2)
        x |= x >> step;
    return bits_place(x ^ x >> 1);
#endif
}

/* Index (0..63) of the lowest set bit. Undefined for 0. */
static inline unsigned bits_lowest(u64 x)
{
#if BITS_HAVE_BUILTINS
    return (unsigned)__builtin_ctzl(x);
#else
    return bits_place(x & -x);
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
