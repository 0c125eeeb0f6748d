/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bitmaps: arrays of unsigned long, bit n in word n / 64. Nothing here is atomic; the owner brings
 * a lock. Bits past the end of the map in its last word are never read as results nor changed.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include <lib/types.h>

#define BITMAP_WORD_BITS   64u
#define BITMAP_WORDS(bits) (((bits) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

static inline void bitmap_set(unsigned long *map, size_t bit)
{
    map[bit / BITMAP_WORD_BITS] |= 1ul << bit % BITMAP_WORD_BITS;
}

static inline void bitmap_clear(unsigned long *map, size_t bit)
{
    map[bit / BITMAP_WORD_BITS] &= ~(1ul << bit % BITMAP_WORD_BITS);
}

static inline bool bitmap_test(const unsigned long *map, size_t bit)
{
    return map[bit / BITMAP_WORD_BITS] >> bit % BITMAP_WORD_BITS & 1;
}

/* Sets or clears `count` bits from `first` on. */
void bitmap_set_range(unsigned long *map, size_t first, size_t count);
void bitmap_clear_range(unsigned long *map, size_t first, size_t count);

/* The first set (clear) bit at or after `from`, or `bits`, the map's size, when there is none. */
size_t bitmap_next_set(const unsigned long *map, size_t bits, size_t from);
size_t bitmap_next_clear(const unsigned long *map, size_t bits, size_t from);

/* One more than the last set bit, 0 when there is none. */
size_t bitmap_end(const unsigned long *map, size_t bits);

/*
 * The first run of `count` clear bits at or after `from` that begins at a multiple of `align` (a
 * power of two), or `bits` when there is none.
 */
size_t bitmap_find_clear_run(const unsigned long *map, size_t bits, size_t from, size_t count,
                             size_t align);

/* The number of set bits in the map. */
size_t bitmap_count(const unsigned long *map, size_t bits);

#endif
