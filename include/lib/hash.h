/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes for tables in memory: fast and well mixed, not for an enemy who chooses the keys. */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <lib/types.h>

/* FNV-1a over n bytes. */
static inline u64 hash_bytes(const void *bytes, size_t n)
{
    const u8 *p = bytes;
    u64 hash = 0xcbf29ce484222325ul;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 0x100000001b3ul;
    return hash;
}

/* FNV-1a over a string. */
static inline u64 hash_string(const char *s)
{
    u64 hash = 0xcbf29ce484222325ul;

    for (; *s; s++)
        hash = (hash ^ (u8)*s) * 0x100000001b3ul;
    return hash;
}

/* Mixes a number (an address, a pid) so that its low and high bits depend on all of it. */
static inline u64 hash_u64(u64 x)
{
    x = (x ^ x >> 32) * 0x9e3779b97f4a7c15ul;
    return x ^ x >> 29;
}

#endif
