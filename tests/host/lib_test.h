/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of lib/ share: cmocka, and random numbers whose seed is printed and can be given
 * again with QUIRE_SEED=N in the environment.
 */
#ifndef LIB_TEST_H
#define LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <lib/types.h>

static u64 random_state;

/* xorshift64*: good enough to shuffle with, the same everywhere. */
static inline u64 random_u64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1dul;
}

/* A number below `limit`. */
static inline u64 random_below(u64 limit)
{
    return (random_u64() >> 11) % limit;
}

/* Mostly small, sometimes of any size. */
static inline u64 random_skewed(void)
{
    return random_u64() >> random_below(64);
}

static inline void random_start(const char *who)
{
    const char *given = getenv("QUIRE_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    random_state =
        given ? strtoul(given, NULL, 0) : (u64)now.tv_sec * 1000000007ul ^ (u64)now.tv_nsec;
    if (!random_state)
        random_state = 1;
    fprintf(stderr, "%s: QUIRE_SEED=%lu\n", who, random_state);
}

#endif
