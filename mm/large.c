/* SPDX-License-Identifier: BSD-2-Clause */
/* The frames behind large leaves: see mm/large.h. */
#include "large.h"
#include <base/atomic.h>
#include <base/wait.h>
#include <lib/string.h>

/* So much of memory stays free of large pages: a quarter, and at least two of them. */
#define SPARE_SHIFT 2

static u64 leaves; /* in all tables */

static bool memory_is_short(void)
{
    u64 spare = page_total_count() >> SPARE_SHIFT;

    return page_free_count() < MAX(spare, 2ul * LARGE_PAGES) + LARGE_PAGES;
}

/* Takes as long as 300 faults: others get their turn in between. */
static void zero_all(struct page *first)
{
    for (u32 i = 0; i < LARGE_PAGES; i++) {
        page_zero(page_to_virt(first + i));
        if (i % 64 == 63)
            yield_point();
    }
}

struct page *large_alloc(void)
{
    if (memory_is_short())
        return NULL;
    struct page *first = page_alloc(LARGE_ORDER, PA_EASY, PAGE_ANON);
    if (!first)
        return NULL;
    page_split(first, LARGE_ORDER);
    zero_all(first);
    return first;
}

bool large_is_sole(const struct page *first)
{
    for (u32 i = 0; i < LARGE_PAGES; i++)
        if (first[i].kind != PAGE_ANON || page_ref(&first[i]) != 1)
            return false;
    return true;
}

void large_get(struct page *first)
{
    for (u32 i = 0; i < LARGE_PAGES; i++)
        page_get(first + i);
}

void large_put(struct page *first)
{
    if (large_is_sole(first)) {
        __atomic_thread_fence(__ATOMIC_ACQUIRE); /* what others did before they dropped theirs */
        page_join(first, LARGE_ORDER);
        page_free(first, LARGE_ORDER);
        return;
    }
    for (u32 i = 0; i < LARGE_PAGES; i++)
        page_put(first + i);
}

void large_count(struct pt *pt, s32 n)
{
    WRITE_ONCE(pt->large, pt->large + (u32)n); /* faults look without a lock */
    __atomic_fetch_add(&leaves, (u64)(s64)n, __ATOMIC_RELAXED);
}

u64 pt_large_total(void)
{
    return atomic_load_relaxed(&leaves);
}
