/* SPDX-License-Identifier: BSD-2-Clause */
/* The inner step of memcpy and page_copy. */
#ifndef LIB_COPY_BLOCK_H
#define LIB_COPY_BLOCK_H

#include <lib/types.h>

/* A word that may be any object's bytes. */
typedef u64 __attribute__((may_alias)) word;

#define COPY_BLOCK_WORDS 8

/*
 * Four loads, then four stores, twice: no load waits for its neighbour on in-order cores, the eight
 * words need no register that a function must save, and overlap with dst below src does no harm.
 * (Hence no restrict, which would also let gcc 12 mix the blocks of an unrolled loop until it runs
 * out of registers.)
 */
static inline void copy_block(word *dst, const word *src)
{
    for (int i = 0; i < COPY_BLOCK_WORDS; i += 4) {
        word a = src[i], b = src[i + 1], c = src[i + 2], d = src[i + 3];

        dst[i] = a, dst[i + 1] = b, dst[i + 2] = c, dst[i + 3] = d;
    }
}

#endif
