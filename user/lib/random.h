/* SPDX-License-Identifier: BSD-2-Clause */
/* Pseudo random numbers that a seed repeats (xorshift64*). */
#ifndef USER_RANDOM_H
#define USER_RANDOM_H

#include <lib/types.h>

struct random {
    u64 state;
};

static inline struct random random_seeded(u64 seed)
{
    return (struct random){(seed + 1) * 0x9e3779b97f4a7c15ul | 1};
}

static inline u64 random_next(struct random *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * 0x2545f4914f6cdd1dul >> 16;
}

/* 0 to n - 1. */
static inline u32 random_below(struct random *r, u32 n)
{
    return (u32)(random_next(r) % n);
}

static inline bool random_one_in(struct random *r, u32 n)
{
    return random_below(r, n) == 0;
}

#endif
