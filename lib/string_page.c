/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clearing and copying whole pages: every demand-zero and copy-on-write fault ends here. 256 bytes
 * per round is as far as the short encodings of loads and stores reach, and makes the loop's own
 * cost a few percent.
 */
#include "copy_block.h"
#include <lib/string.h>
#include <lib/types.h>

#define PAGE_WORDS  512
#define ROUND_WORDS 32

void page_zero(void *page)
{
    word *p = page;
    word *end = p + PAGE_WORDS;

    do {
#pragma GCC unroll 32
        for (int i = 0; i < ROUND_WORDS; i++)
            p[i] = 0;
        p += ROUND_WORDS;
    } while (p != end);
}

void page_copy(void *dst, const void *src)
{
    word *d = dst;
    const word *s = src;
    const word *end = s + PAGE_WORDS;

    do {
#pragma GCC unroll 4
        for (int i = 0; i < ROUND_WORDS; i += COPY_BLOCK_WORDS)
            copy_block(d + i, s + i);
        s += ROUND_WORDS;
        d += ROUND_WORDS;
    } while (s != end);
}
