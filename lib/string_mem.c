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

/* Where the last whole word from `at` (aligned) up to `end` ends. */
static inline u8 *words_end(u8 *at, const u8 *end)
{
    return at + ((size_t)(end - at) & ~(WORD - 1));
}

static inline void copy_bytes(u8 *dst, const u8 *src, const u8 *end)
{
    while (dst != end)
        *dst++ = *src++;
}

/* The word that begins `shift` bits into `low` and ends in `high`. */
static inline word merge(word low, word high, unsigned shift)
{
    return low >> shift | high << (64 - shift);
}

/*
 * The rest of a copy whose dst is aligned and whose src is not: each word is made of two neighbours.
 * Returns `result`, so that memcpy can leave by a jump and needs no stack frame for its own ways.
 */
static __noinline void *copy_merged(void *result, u8 *dst, const u8 *src, const u8 *end)
{
    unsigned shift = 8 * OFFSET(src);
    const word *s = (const word *)((unsigned long)src - OFFSET(src));
    word *d = (word *)(void *)dst;
    word *stop = (word *)(void *)words_end(dst, end);
    word low = *s++;

    for (; stop - d >= 4; d += 4, s += 4) {
        word a = s[0], b = s[1], c = s[2], high = s[3];

        d[0] = merge(low, a, shift);
        d[1] = merge(a, b, shift);
        d[2] = merge(b, c, shift);
        d[3] = merge(c, high, shift);
        low = high;
    }
    while (d != stop) {
        word high = *s++;

        *d++ = merge(low, high, shift);
        low = high;
    }
    copy_bytes((u8 *)d, src + ((u8 *)d - dst), end);
    return result;
}

/*
 * Upwards, and correct for overlap with dst below src, on which memmove relies: hence without the
 * prototype's restrict (a qualifier that a definition may leave out).
 */
void *memcpy(void *dst, const void *src, size_t n)
{
    u8 *d = dst, *end = d + n, *stop;
    const u8 *s = src;

    if (n >= WORD) {
        for (; OFFSET(d); n--)
            *d++ = *s++;
        if (OFFSET(s))
            return copy_merged(dst, d, s, end);
        for (; n >= BLOCK; n -= BLOCK, d += BLOCK, s += BLOCK)
            copy_block((word *)(void *)d, (const word *)(const void *)s);
        for (stop = words_end(d, end); d != stop; d += WORD, s += WORD)
            *(word *)(void *)d = *(const word *)(const void *)s;
    }
    copy_bytes(d, s, end);
    return dst;
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

void *memmove(void *dst, const void *src, size_t n)
{
    if ((unsigned long)dst - (unsigned long)src >= n)
        return memcpy(dst, src, n);
    copy_backward(dst, src, n);
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    u8 *p = dst, *end = p + n, *stop;
    word pattern = (u8)c * ONES;

    if (n >= WORD) {
        while (OFFSET(p))
            *p++ = (u8)c;
        for (stop = p + ((size_t)(end - p) & ~(BLOCK - 1)); p != stop; p += BLOCK) {
            word *w = (word *)(void *)p;

            w[0] = pattern, w[1] = pattern, w[2] = pattern, w[3] = pattern;
            w[4] = pattern, w[5] = pattern, w[6] = pattern, w[7] = pattern;
        }
        for (stop = words_end(p, end); p != stop; p += WORD)
            *(word *)(void *)p = pattern;
    }
    while (p != end)
        *p++ = (u8)c;
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *p = a, *q = b, *end = p + n;

    if (n >= WORD && !OFFSET(p) && !OFFSET(q)) {
        while ((size_t)(end - p) >= WORD &&
               *(const word *)(const void *)p == *(const word *)(const void *)q) {
            p += WORD;
            q += WORD;
        }
    }
    for (; p != end; p++, q++) {
        if (*p != *q)
            return *p - *q;
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
