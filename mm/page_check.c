/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The account of all pages, checked by walking every struct page: each frame that the allocator
 * manages is in exactly one block, and the sums are those that were counted on the way.
 * No locks: meaningful while nobody else allocates or frees; harmless (but noisy) otherwise.
 */
#include <lib/types.h>
#include <mm/buddy.h>
#include <mm/page.h>

struct tally {
    u64 free, cached;
    u64 used[PAGE_KINDS];
};

/* What is wrong with a head, or NULL. Counts its block. */
static const char *check_head(const struct page *p, pfn_t pfn, struct tally *t)
{
    u64 pages = BIT(p->order);

    if (p->order > PAGE_ORDER_MAX || (pfn & (pages - 1)))
        return "a block is not aligned to its size";
    if (p->kind == PAGE_FREE)
        t->free += pages;
    else if (p->kind == PAGE_CACHED)
        t->cached += pages;
    else if (p->kind < PAGE_KINDS && p->mark == PAGE_MARK && p->ref)
        t->used[p->kind] += pages;
    else
        return "a struct page has an impossible state";
    return NULL;
}

static const char *check_tail(const struct page *head)
{
    if (head->flags & PAGE_F_RAW)
        return NULL;
    for (const struct page *p = head + 1; p < head + BIT(head->order); p++)
        if (p->state & ~((u64)PAGE_F_POISONED << 56))
            return "a block has a second head inside";
    return NULL;
}

/* One span, block by block; frames outside of any block are reserved. */
static const char *check_span(const struct page_section *s, struct tally *t)
{
    for (pfn_t pfn = s->first; pfn < s->end;) {
        const struct page *p = s->base + pfn;
        if (p->kind == PAGE_NONE) {
            pfn++;
            continue;
        }
        const char *why = check_head(p, pfn, t);
        if (!why)
            why = check_tail(p);
        if (why)
            return why;
        pfn += BIT(p->order);
    }
    return NULL;
}

static const char *compare(const struct tally *t, const struct page_stats *stats)
{
    u64 sum = stats->free;

    for (unsigned kind = 0; kind < PAGE_KINDS; kind++) {
        if (t->used[kind] != stats->used[kind])
            return "the pages in use are not what was counted";
        sum += stats->used[kind];
    }
    if (t->free + t->cached != stats->free || t->cached != stats->cached)
        return "the free pages are not what was counted";
    return sum == stats->total ? NULL : "free + used is not the total";
}

const char *page_check(void)
{
    struct tally t = {0};
    struct page_stats stats;
    const char *why = buddy_check();

    page_stats(&stats);
    for (u32 i = 0; !why && i < page_section_count; i++)
        if (page_span_starts(i))
            why = check_span(&page_sections[i], &t);
    return why ? why : compare(&t, &stats);
}
