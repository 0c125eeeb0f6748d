/* SPDX-License-Identifier: BSD-2-Clause */
/* The inner step of memcpy and page_copy. */
#ifndef LIB_COPY_BLOCK_H
#define LIB_COPY_BLOCK_H

#include <lib/types.h>

/* A word that may be any object's bytes. */
typedef u64 __attribute__((may_alias)) word;

#define COPY_BLOCK_WORDS 8

/*
 * Eight loads, then eight stores: no load waits for its neighbour on in-order cores, and overlap
 * with dst below src does no harm (hence no restrict, which would also let gcc 12 mix the blocks
 * of an unrolled loop until it runs out of registers).
 */
static inline void copy_block(word *dst, const word *src)
{
    word a = src[0], b = src[1], c = src[2], d = src[3];
    word e = src[4], f = src[5], g = src[6], h = src[7];

    dst[0] = a, dst[1] = b, dst[2] = c, dst[3] = d;
    dst[4] = e, dst[5] = f, dst[6] = g, dst[7] = h;
}

#endif
