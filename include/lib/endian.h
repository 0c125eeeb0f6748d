/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of fixed byte order in memory, at any alignment. Byte by byte: the kernel is built with
 * strict alignment, and without Zbb a swapped word load is no shorter.
 */
#ifndef LIB_ENDIAN_H
#define LIB_ENDIAN_H

#include <lib/types.h>

static inline u32 be32_get(const void *at)
{
    const u8 *p = at;

    return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static inline u64 be64_get(const void *at)
{
    const u8 *p = at;

    return (u64)be32_get(p) << 32 | be32_get(p + 4);
}

static inline u16 le16_get(const void *at)
{
    const u8 *p = at;

    return (u16)(p[0] | p[1] << 8);
}

static inline u32 le32_get(const void *at)
{
    const u8 *p = at;

    return (u32)p[3] << 24 | (u32)p[2] << 16 | (u32)p[1] << 8 | p[0];
}

static inline u64 le64_get(const void *at)
{
    const u8 *p = at;

    return (u64)le32_get(p + 4) << 32 | le32_get(p);
}

static inline void le32_put(void *at, u32 value)
{
    u8 *p = at;

    p[0] = (u8)value;
    p[1] = (u8)(value >> 8);
    p[2] = (u8)(value >> 16);
    p[3] = (u8)(value >> 24);
}

#endif
