/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gather: what an operation has unmapped waits here until every cpu that could have cached its
 * translation has acknowledged the flush. Nothing else in mm/ frees a frame that was mapped.
 *
 * It is arrays and not a chain through the pages: a frame that other spaces map too belongs to
 * several gathers at the same time. The first array is on the stack; while there is memory, more of
 * them are frames, so that a large operation interrupts other cpus once and not every 64 pages.
 */
#include "large.h"
#include "pt_impl.h"
#include <base/wait.h>
#include <lib/string.h>

/* A frame full of pages that wait, in portions of PT_GATHER_MAX. */
struct pt_batch {
    struct pt_batch *next;
    u64 portions;
    struct page *pages[7][PT_GATHER_MAX];
};
static_assert(sizeof(struct pt_batch) <= PAGE_SIZE, "a batch is a frame");

void pt_gather_begin(struct pt_gather *g, struct pt *pt)
{
    g->pt = pt;
    g->count = 0;
    g->batch_count = 0;
    g->batches = NULL;
    g->yields = false;
    mmu_flush_begin(&g->flush, &pt->space);
}

/* The batch that has room, made if need be; NULL: no more. */
static struct pt_batch *batch_with_room(struct pt_gather *g)
{
    if (g->batches && g->batches->portions < ARRAY_SIZE(g->batches->pages))
        return g->batches;
    struct page *page = g->batch_count < PT_BATCHES_MOST ? page_alloc(0, 0, PAGE_KERNEL) : NULL;
    if (!page)
        return NULL;
    struct pt_batch *batch = page_to_virt(page);
    batch->next = g->batches;
    batch->portions = 0;
    g->batches = batch;
    g->batch_count++;
    return batch;
}

void pt_gather_make_room(struct pt_gather *g)
{
    struct pt_batch *batch = batch_with_room(g);

    if (!batch) {
        pt_gather_flush(g);
        return;
    }
    memcpy(batch->pages[batch->portions++], g->pages, sizeof(g->pages));
    g->count = 0;
}

/* As much work as for a portion of single pages. */
static __noinline void put_large(const struct pt_gather *g, struct page *first)
{
    large_put(first);
    if (g->yields)
        yield_point();
}

static void put_pages(const struct pt_gather *g, struct page *const *pages, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        vaddr_t page = (vaddr_t)pages[i];

        if (likely(!(page & (GATHER_TABLE | GATHER_LARGE))))
            page_put(pages[i]);
        else if (page & GATHER_TABLE)
            table_free((struct page *)(page - GATHER_TABLE));
        else
            put_large(g, (struct page *)(page - GATHER_LARGE));
    }
    if (g->yields)
        yield_point();
}

static void put_batches(struct pt_gather *g)
{
    for (struct pt_batch *batch; (batch = g->batches);) {
        for (u64 i = 0; i < batch->portions; i++)
            put_pages(g, batch->pages[i], PT_GATHER_MAX);
        g->batches = batch->next;
        page_free(virt_to_page(batch), 0);
    }
    g->batch_count = 0;
}

void pt_gather_flush(struct pt_gather *g)
{
    mmu_flush_end(&g->flush);
    put_pages(g, g->pages, g->count);
    g->count = 0;
    if (unlikely(g->batches))
        put_batches(g);
}

void pt_gather_end(struct pt_gather *g)
{
    pt_gather_flush(g);
    g->pt = NULL;
}
