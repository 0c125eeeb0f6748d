/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sorted set of half-open address ranges [start, end), each with a tag that says what it is.
 * Ranges never overlap, and neighbours that touch have different tags (tags compare by pointer). It
 * keeps account of memory before there is an allocator: the array is the user's, and a callback may
 * hand over a larger one, so that there is no fixed limit.
 *
 * An operation that fails (-ENOMEM from the callback, -EINVAL for end < start) changes nothing.
 */
#ifndef LIB_INTERVAL_H
#define LIB_INTERVAL_H

#include <lib/types.h>

struct interval {
    paddr_t start;
    paddr_t end;
    const char *tag;
};

struct interval_set {
    struct interval *ranges;
    size_t count;
    size_t capacity;
    /*
     * Makes room for at least `capacity` ranges: moves the `count` old ones into a larger array,
     * sets ranges and capacity, returns 0; or returns -ENOMEM. NULL: the array cannot grow.
     */
    int (*grow)(struct interval_set *set, size_t capacity);
    void *context; /* for `grow` */
};

/* Makes an empty set that uses `ranges`, an array of `capacity` (0 is allowed). */
void interval_init(struct interval_set *set, struct interval *ranges, size_t capacity,
                   int (*grow)(struct interval_set *set, size_t capacity), void *context);

/* Adds [start, end) with `tag`; what it overlaps takes the new tag. Empty ranges are no-ops. */
int interval_add(struct interval_set *set, paddr_t start, paddr_t end, const char *tag);

/* Takes [start, end) out. */
int interval_remove(struct interval_set *set, paddr_t start, paddr_t end);

/* Gives `tag` to those parts of [start, end) that are in the set, and adds nothing. */
int interval_paint(struct interval_set *set, paddr_t start, paddr_t end, const char *tag);

/* The range that holds `addr`, or NULL. Valid until the set changes. */
const struct interval *interval_find(const struct interval_set *set, paddr_t addr);

/* Whether all of [start, end) is in the set and has `tag` everywhere. */
bool interval_covers(const struct interval_set *set, paddr_t start, paddr_t end, const char *tag);

/* The sum of the lengths of all ranges with `tag`. */
u64 interval_total(const struct interval_set *set, const char *tag);

/*
 * A place for `size` bytes at a multiple of `align` (a power of two) within ranges that have `tag`
 * and lie in [low, high): the lowest, or the highest. *out is its start. -ENOENT: there is none.
 */
int interval_find_low(const struct interval_set *set, u64 size, u64 align, paddr_t low,
                      paddr_t high, const char *tag, paddr_t *out);
int interval_find_high(const struct interval_set *set, u64 size, u64 align, paddr_t low,
                       paddr_t high, const char *tag, paddr_t *out);

#endif
