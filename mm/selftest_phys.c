/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest=conserve and selftest=double-free: physical memory, tested in the running kernel.
 */
#include <base/init.h>
#include <lib/types.h>
#include <mm/drain.h>
#include <mm/page.h>
#include <mm/slab.h>

#define STEPS  2000
#define HELD   256
#define ROUNDS 20000

/* What a storm must leave as it was, once the caches are drained. */
static bool same_blocks(const struct page_stats *a, const struct page_stats *b)
{
    for (unsigned zone = 0; zone < PAGE_ZONES; zone++)
        for (unsigned order = 0; order < PAGE_ORDERS; order++)
            if (a->zone[zone].blocks[order] != b->zone[zone].blocks[order])
                return false;
    return a->free == b->free;
}

static u64 used_pages(const struct page_stats *s)
{
    u64 sum = 0;

    for (unsigned kind = 0; kind < PAGE_KINDS; kind++)
        sum += s->used[kind];
    return sum;
}

/* free + used = total after every single step, with blocks of every order held and dropped. */
static const char *conserve_steps(void)
{
    struct page *chain = NULL;
    struct page_stats s;
    bool conserved = true;

    for (unsigned i = 0; i < STEPS && conserved; i++) {
        struct page *p = page_alloc(i % PAGE_ORDERS, 0, PAGE_KERNEL);
        if (p && i % 3) {
            p->owner = chain;
            chain = p;
        } else if (p) {
            page_free(p, p->order);
        }
        if (i % HELD == HELD - 1)
            while ((p = chain)) {
                chain = p->owner;
                page_free(p, p->order);
            }
        page_stats(&s);
        conserved = s.free + used_pages(&s) == s.total;
    }
    for (struct page *p; (p = chain);) {
        chain = p->owner;
        page_free(p, p->order);
    }
    return conserved ? NULL : "free + used is not the total";
}

static const char *selftest_conserve(void)
{
    struct page_stats before, after;

    mm_drain();
    page_stats(&before);
    const char *why = conserve_steps();
    if (!why && (buddy_stress(1, ROUNDS) || slab_stress(2, ROUNDS)))
        why = "memory changed while it was allocated";
    mm_drain();
    page_stats(&after);
    if (!why)
        why = page_check();
    if (!why)
        why = slab_check();
    if (!why && !same_blocks(&before, &after))
        why = "the free blocks are not those of before";
    return why;
}
SELFTEST("conserve", selftest_conserve);

/* Ends in a panic that names the frame; coming back is the failure. */
static const char *selftest_double_free(void)
{
    struct page *p = page_alloc(0, 0, PAGE_KERNEL);

    if (!p)
        return "no page";
    page_free(p, 0);
    page_free(p, 0);
    return "a page was freed twice and nobody said so";
}
SELFTEST("double-free", selftest_double_free);
