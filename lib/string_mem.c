/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy and its kin, fast in instructions on cores without vectors: 64 bytes per round where
 * source and destination are equally aligned, words merged by shifts where they are not. All wide
 * accesses are naturally aligned. A merging copy reads whole words that hold at least one wanted
 * byte, so it never touches a page that the caller did not name.
 *
 * Files named string* are compiled such that the compiler does not turn these loops into calls of
 * the very functions that they implement.
 */
#include "copy_block.h"
#include <lib/string.h>
#include <lib/types.h>

#define WORD      sizeof(word)
#define BLOCK     (COPY_BLOCK_WORDS * WORD)
#define ONES      0x0101010101010101ul
#define OFFSET(p) ((unsigned long)(p) % WORD)

/* Copies whole words between aligned places; returns the bytes done. */
static inline size_t copy_words(u8 *dst, const u8 *src, size_t n)
{
    word *d = (word *)(void *)dst;
    const word *s = (const word *)(const void *)src;

    for (; n >= BLOCK; n -= BLOCK, d += COPY_BLOCK_WORDS, s += COPY_BLOCK_WORDS)
        copy_block(d, s);
    for (; n >= WORD; n -= WORD)
        *d++ = *s++;
    return (size_t)((u8 *)d - dst);
}

/* Likewise to an aligned dst from a src that is not: each word is made of two neighbours. */
static inline size_t copy_merged(u8 *dst, const u8 *src, size_t n)
{
    unsigned shift = 8 * OFFSET(src);
    const word *s = (const word *)((unsigned long)src - OFFSET(src));
    word *d = (word *)(void *)dst;
    word low = *s++;

    for (; n >= WORD; n -= WORD) {
        word high = *s++;

        *d++ = low >> shift | high << (64 - shift);
        low = high;
    }
    return (size_t)((u8 *)d - dst);
}

/* From low to high addresses; the areas may overlap when dst is below src. */
static inline void copy_forward(u8 *dst, const u8 *src, size_t n)
{
    size_t done;

    if (n >= WORD) {
        for (; OFFSET(dst); n--)
            *dst++ = *src++;
        done = OFFSET(src) ? copy_merged(dst, src, n) : copy_words(dst, src, n);
        dst += done;
        src += done;
        n -= done;
    }
    for (; n; n--)
        *dst++ = *src++;
}

/* From high to low addresses, for overlap with dst above src. */
static void copy_backward(u8 *dst, const u8 *src, size_t n)
{
    dst += n;
    src += n;
    if (OFFSET(dst) == OFFSET(src)) {
        for (; n && OFFSET(dst); n--)
            *--dst = *--src;
        for (; n >= WORD; n -= WORD) {
            dst -= WORD;
            src -= WORD;
            *(word *)(void *)dst = *(const word *)(const void *)src;
        }
    }
    for (; n; n--)
        *--dst = *--src;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    copy_forward(dst, src, n);
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    if ((unsigned long)dst - (unsigned long)src >= n)
        copy_forward(dst, src, n);
    else
        copy_backward(dst, src, n);
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    u8 *p = dst;
    word pattern = (u8)c * ONES;

    if (n >= 2 * WORD) {
        for (; OFFSET(p); n--)
            *p++ = (u8)c;
        for (; n >= BLOCK; n -= BLOCK, p += BLOCK) {
            word *w = (word *)(void *)p;

            w[0] = pattern, w[1] = pattern, w[2] = pattern, w[3] = pattern;
            w[4] = pattern, w[5] = pattern, w[6] = pattern, w[7] = pattern;
        }
        for (; n >= WORD; n -= WORD, p += WORD)
            *(word *)(void *)p = pattern;
    }
    for (; n; n--)
        *p++ = (u8)c;
    return dst;
}

/* How many bytes from the start are surely equal, in whole words of equally aligned areas. */
static inline size_t equal_words(const u8 *a, const u8 *b, size_t n)
{
    size_t done = 0;

    if (OFFSET(a) || OFFSET(b))
        return 0;
    while (n - done >= WORD &&
           *(const word *)(const void *)(a + done) == *(const word *)(const void *)(b + done))
        done += WORD;
    return done;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *p = a, *q = b;

    for (size_t i = equal_words(p, q, n); i < n; i++) {
        if (p[i] != q[i])
            return p[i] - q[i];
    }
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    const u8 *p = s;

    for (; n; n--, p++) {
        if (*p == (u8)c)
            return (void *)(unsigned long)p;
    }
    return NULL;
}
