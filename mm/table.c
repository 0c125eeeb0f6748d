/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of page tables, and a small store of empty ones.
 *
 * Invariant: every table in the store is all zeroes, has one reference and kind PAGE_TABLE. The
 * lock is a leaf but for the allocator's own. Before there is a buddy, tables come from
 * early_alloc() and live for ever.
 */
#include "table.h"
#include <base/panic.h>
#include <base/spinlock.h>
#include <mm/failalloc.h>
#include <mm/page.h>
#include <mm/pt.h>
#include <mm/region.h>

#define STORE_MAX 32

static struct {
    struct spinlock lock;
    u32 count;
    struct page *pages[STORE_MAX];
} store = {.lock = SPINLOCK_INIT("page tables")};

static struct page *store_take(void)
{
    struct page *page = NULL;
    irqflags_t irq = spin_lock(&store.lock);

    if (store.count)
        page = store.pages[--store.count];
    spin_unlock(&store.lock, irq);
    return page;
}

/* Allocation failures that are asked for must hit tables too, whatever the store holds. */
static struct page *table_page(void)
{
    struct page *page = failalloc_armed ? NULL : store_take();

    return page ? page : page_alloc(0, PA_ZERO, PAGE_TABLE);
}

static pte_t *early_table(void)
{
    pte_t *table = early_alloc(PAGE_SIZE, PAGE_SIZE);

    if (!table)
        panic("no memory for the kernel's page table");
    return table;
}

pte_t *table_alloc(void)
{
    if (unlikely(!page_section_count))
        return early_table();
    struct page *page = table_page();
    if (!page)
        return NULL;
    page->priv = 0;
    return page_to_virt(page);
}

void table_free(struct page *page)
{
    DEBUG_ASSERT(!mem_find_not(page_to_virt(page), 0, PAGE_SIZE));
    irqflags_t irq = spin_lock(&store.lock);
    bool kept = store.count < STORE_MAX;

    if (kept)
        store.pages[store.count++] = page;
    spin_unlock(&store.lock, irq);
    if (!kept)
        page_put(page);
}

size_t pt_drain_cache(void)
{
    size_t freed = 0;

    for (struct page *page; (page = store_take()); freed++)
        page_put(page);
    return freed;
}
