/* SPDX-License-Identifier: BSD-2-Clause */
/* Bitmaps: ranges and searches, a word at a time. */
#include <lib/bitmap.h>
#include <lib/bits.h>
#include <lib/types.h>

/* The bits from `first` to the end of its word, and those below `end` in its word. */
static unsigned long mask_from(size_t first)
{
    return ~0ul << first % BITMAP_WORD_BITS;
}

static unsigned long mask_below(size_t end)
{
    return ~0ul >> (BITMAP_WORD_BITS - 1 - (end - 1) % BITMAP_WORD_BITS);
}

/* The bits of word `word` that lie in [first, end). */
static unsigned long mask_of(size_t word, size_t first, size_t end)
{
    unsigned long mask = ~0ul;

    if (word == first / BITMAP_WORD_BITS)
        mask &= mask_from(first);
    if (word == (end - 1) / BITMAP_WORD_BITS)
        mask &= mask_below(end);
    return mask;
}

void bitmap_set_range(unsigned long *map, size_t first, size_t count)
{
    size_t end = first + count;

    for (size_t word = first / BITMAP_WORD_BITS; count && word <= (end - 1) / BITMAP_WORD_BITS;
         word++)
        map[word] |= mask_of(word, first, end);
}

void bitmap_clear_range(unsigned long *map, size_t first, size_t count)
{
    size_t end = first + count;

    for (size_t word = first / BITMAP_WORD_BITS; count && word <= (end - 1) / BITMAP_WORD_BITS;
         word++)
        map[word] &= ~mask_of(word, first, end);
}

/* The first bit at or after `from` that differs from the bits of `flip` (all 0 or all 1). */
static size_t next_unlike(const unsigned long *map, size_t bits, size_t from, unsigned long flip)
{
    size_t word = from / BITMAP_WORD_BITS;
    unsigned long found;

    if (from >= bits)
        return bits;
    found = (map[word] ^ flip) & mask_from(from);
    while (!found) {
        if (++word == BITMAP_WORDS(bits))
            return bits;
        found = map[word] ^ flip;
    }
    return MIN(word * BITMAP_WORD_BITS + bits_lowest(found), bits); /* it may lie past the end */
}

size_t bitmap_next_set(const unsigned long *map, size_t bits, size_t from)
{
    return next_unlike(map, bits, from, 0);
}

size_t bitmap_next_clear(const unsigned long *map, size_t bits, size_t from)
{
    return next_unlike(map, bits, from, ~0ul);
}

size_t bitmap_end(const unsigned long *map, size_t bits)
{
    for (size_t word = BITMAP_WORDS(bits); word-- > 0;) {
        unsigned long found = map[word] & mask_of(word, 0, bits);

        if (found)
            return word * BITMAP_WORD_BITS + bits_highest(found) + 1;
    }
    return 0;
}

size_t bitmap_find_clear_run(const unsigned long *map, size_t bits, size_t from, size_t count,
                             size_t align)
{
    size_t start = ALIGN_UP(from, align);

    while (start < bits && count <= bits - start) {
        size_t taken = bitmap_next_set(map, start + count, start);

        if (taken == start + count)
            return start;
        start = ALIGN_UP(bitmap_next_clear(map, bits, taken), align);
    }
    return bits;
}

size_t bitmap_count(const unsigned long *map, size_t bits)
{
    size_t count = 0;

    for (size_t word = 0; word < BITMAP_WORDS(bits); word++)
        count += bits_count(map[word] & mask_of(word, 0, bits));
    return count;
}
