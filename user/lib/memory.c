/* SPDX-License-Identifier: BSD-2-Clause */
/* What the compiler calls by itself. KEEP_LOOP keeps it from turning the loops into such calls. */
#include "text.h"

#ifdef __clang__
#define KEEP_LOOP
#else
#define KEEP_LOOP __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

KEEP_LOOP void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    char *d = dst;
    const char *s = src;

    for (size_t i = 0; i < n; i++)
        d[i] = s[i];
    return dst;
}

KEEP_LOOP void *memset(void *dst, int c, size_t n)
{
    char *d = dst;

    for (size_t i = 0; i < n; i++)
        d[i] = (char)c;
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *p = a;
    const u8 *q = b;

    for (size_t i = 0; i < n; i++) {
        if (p[i] != q[i])
            return p[i] - q[i];
    }
    return 0;
}
