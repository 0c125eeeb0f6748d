/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of tagged address ranges in a sorted array. Every change first makes room for the two ranges
 * that it can add at most, then cuts the array at the borders of the changed range, works on whole
 * ranges only, and merges neighbours again: so nothing can fail half way.
 */
#include <lib/errno.h>
#include <lib/interval.h>
#include <lib/string.h>
#include <lib/types.h>

void interval_init(struct interval_set *set, struct interval *ranges, size_t capacity,
                   int (*grow)(struct interval_set *set, size_t capacity), void *context)
{
    *set = (struct interval_set){
        .ranges = ranges, .capacity = capacity, .grow = grow, .context = context};
}

/* The place of the first range that ends behind `addr`. */
static size_t find_place(const struct interval_set *set, paddr_t addr)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (set->ranges[middle].end <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int reserve(struct interval_set *set, size_t more)
{
    if (set->count + more <= set->capacity)
        return 0;
    return set->grow ? set->grow(set, set->count + more) : -ENOMEM;
}

/* Moves the ranges from place `from` on to place `to`; one call opens or closes a gap. */
static void shift(struct interval_set *set, size_t from, size_t to)
{
    memmove(set->ranges + to, set->ranges + from, (set->count - from) * sizeof(*set->ranges));
    set->count = set->count + to - from;
}

/*
 * Cuts the range that has `addr` inside in two, if there is one. Returns the place behind the cut.
 */
static size_t cut(struct interval_set *set, paddr_t addr)
{
    size_t place = find_place(set, addr);
    struct interval *range = &set->ranges[place];

    if (place == set->count || range->start >= addr)
        return place;
    shift(set, place, place + 1);
    range[0].end = addr;
    range[1].start = addr;
    return place + 1;
}

/* Joins the neighbours that touch and have equal tags, among those around [first, last]. */
static void merge(struct interval_set *set, size_t first, size_t last)
{
    size_t place = first ? first - 1 : 0;

    last++;
    while (place + 1 < set->count && place < last) {
        struct interval *range = &set->ranges[place];

        if (range[0].end != range[1].start || range[0].tag != range[1].tag) {
            place++;
            continue;
        }
        range[1].start = range[0].start;
        shift(set, place + 1, place);
        last--;
    }
}

/*
 * Prepares a change of [start, end): room, and cuts at both borders. The ranges at places
 * [*first, *last) are then exactly those inside. 1: go on; 0: nothing to do; else an error.
 */
static int prepare(struct interval_set *set, paddr_t start, paddr_t end, size_t *first,
                   size_t *last)
{
    int error;

    *first = *last = 0;
    if (end < start)
        return -EINVAL;
    if (end == start)
        return 0;
    error = reserve(set, 2);
    if (error)
        return error;
    *first = cut(set, start);
    *last = cut(set, end);
    return 1;
}

int interval_add(struct interval_set *set, paddr_t start, paddr_t end, const char *tag)
{
    size_t first, last;
    int go = prepare(set, start, end, &first, &last);

    if (go <= 0)
        return go;
    shift(set, last, first + 1);
    set->ranges[first] = (struct interval){start, end, tag};
    merge(set, first, first);
    return 0;
}

int interval_remove(struct interval_set *set, paddr_t start, paddr_t end)
{
    size_t first, last;
    int go = prepare(set, start, end, &first, &last);

    if (go <= 0)
        return go;
    shift(set, last, first);
    return 0;
}

int interval_paint(struct interval_set *set, paddr_t start, paddr_t end, const char *tag)
{
    size_t first, last;
    int go = prepare(set, start, end, &first, &last);

    if (go <= 0)
        return go;
    for (size_t place = first; place < last; place++)
        set->ranges[place].tag = tag;
    merge(set, first, last);
    return 0;
}

const struct interval *interval_find(const struct interval_set *set, paddr_t addr)
{
    size_t place = find_place(set, addr);

    return place < set->count && set->ranges[place].start <= addr ? &set->ranges[place] : NULL;
}

bool interval_covers(const struct interval_set *set, paddr_t start, paddr_t end, const char *tag)
{
    const struct interval *range = interval_find(set, start);

    /* Neighbours with equal tags are one range, so one range must do. */
    return start >= end || (range && range->tag == tag && range->end >= end);
}

u64 interval_total(const struct interval_set *set, const char *tag)
{
    u64 total = 0;

    for (size_t i = 0; i < set->count; i++) {
        if (set->ranges[i].tag == tag)
            total += set->ranges[i].end - set->ranges[i].start;
    }
    return total;
}

/* What of the range lies in [low, high) and may be used for `tag`; false: nothing. */
static bool usable(const struct interval *range, paddr_t low, paddr_t high, const char *tag,
                   paddr_t *start, paddr_t *end)
{
    *start = MAX(range->start, low);
    *end = MIN(range->end, high);
    return range->tag == tag && *start < *end;
}

int interval_find_low(const struct interval_set *set, u64 size, u64 align, paddr_t low,
                      paddr_t high, const char *tag, paddr_t *out)
{
    for (size_t i = find_place(set, low); i < set->count; i++) {
        paddr_t start, end, at;

        if (!usable(&set->ranges[i], low, high, tag, &start, &end))
            continue;
        at = ALIGN_UP(start, align);
        if (at >= start && at < end && end - at >= size) {
            *out = at;
            return 0;
        }
    }
    return -ENOENT;
}

int interval_find_high(const struct interval_set *set, u64 size, u64 align, paddr_t low,
                       paddr_t high, const char *tag, paddr_t *out)
{
    for (size_t i = set->count; i > 0; i--) {
        paddr_t start, end, at;

        if (!usable(&set->ranges[i - 1], low, high, tag, &start, &end) || end - start < size)
            continue;
        at = ALIGN_DOWN(end - size, align);
        if (at >= start) {
            *out = at;
            return 0;
        }
    }
    return -ENOENT;
}
