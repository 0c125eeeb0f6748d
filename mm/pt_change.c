/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: mapping, unmapping, rights, splitting of large leaves.
 *
 * Every loop here runs over the entries of one table at a time, and descends from the root once per
 * table. What can fail for want of memory does so before it has changed a translation, or takes
 * back what it did.
 */
#include "large.h"
#include "pt_impl.h"
#include <base/panic.h>
#include <lib/errno.h>

static unsigned level_shift(unsigned level)
{
    return PAGE_SHIFT + level * MMU_INDEX_BITS;
}

/* The largest leaf that may begin at va and pfn and has no more than size bytes. */
static unsigned leaf_level(const struct pt *pt, vaddr_t va, pfn_t pfn, size_t size)
{
    unsigned level = pt->kernel ? mmu_levels() - 1 : 0;

    while (level > 0 &&
           (((va | pfn << PAGE_SHIFT) & (pt_entry_size(level) - 1)) || size < pt_entry_size(level)))
        level--;
    return level;
}

static void fill_empty(struct mmu_flush *fl, pte_t *slot, pte_t pte, vaddr_t va, unsigned level)
{
    if (unlikely(mmu_kind(mmu_load(slot)) != MMU_EMPTY))
        panic("page table: %#lx is mapped already", va);
    mmu_store(fl, slot, pte, va, level);
}

static void count_in_user(const struct pt *pt, const pte_t *slot, s32 n)
{
    if (!pt->kernel)
        table_count(slot, n);
}

/* Nobody has used the entries yet, but a core may have seen them: they go like any others. */
static int map_undo(struct pt *pt, vaddr_t start, vaddr_t end)
{
    struct pt_gather g;

    pt_gather_begin(&g, pt);
    pt_unmap(&g, start, end, PT_KEEP_FRAMES);
    pt_gather_end(&g);
    return -ENOMEM;
}

/* Fills entries of one table from `slot` on; returns how many bytes they map, at most size. */
static size_t map_run(struct pt *pt, struct mmu_flush *fl, pte_t *slot, vaddr_t va, pfn_t pfn,
                      size_t size, prot_t prot, unsigned level)
{
    size_t room = MMU_ENTRIES - pt_index(va, level);
    size_t n = MIN(room, size >> level_shift(level));
    size_t step = pt_entry_size(level);

    for (size_t i = 0; i < n; i++, va += step, pfn += step >> PAGE_SHIFT)
        fill_empty(fl, slot + i, mmu_leaf(pfn, prot, level), va, level);
    count_in_user(pt, slot, (s32)n);
    return n * step;
}

int pt_map(struct pt *pt, struct mmu_flush *fl, vaddr_t va, pfn_t pfn, size_t size, prot_t prot)
{
    for (size_t done = 0; done < size;) {
        pfn_t at = pfn + (done >> PAGE_SHIFT);
        unsigned level = leaf_level(pt, va + done, at, size - done);
        pte_t *slot = pt_slot_make(pt, fl, va + done, level);

        if (!slot)
            return map_undo(pt, va, va + done);
        done += map_run(pt, fl, slot, va + done, at, size - done, prot, level);
    }
    return 0;
}

int pt_map_pages(struct pt *pt, struct mmu_flush *fl, vaddr_t va, struct page *const *pages,
                 size_t n, prot_t prot)
{
    size_t done = 0;

    while (done < n) {
        pte_t *slot = pt_slot_make(pt, fl, va + done * PAGE_SIZE, 0);
        if (!slot)
            return map_undo(pt, va, va + done * PAGE_SIZE);

        size_t room = MMU_ENTRIES - pt_index(va + done * PAGE_SIZE, 0);
        size_t run = MIN(room, n - done);
        for (size_t i = 0; i < run; i++, done++)
            fill_empty(fl, slot + i, mmu_leaf(page_to_pfn(pages[done]), prot, 0),
                       va + done * PAGE_SIZE, 0);
        count_in_user(pt, slot, (s32)run);
    }
    return 0;
}

/* A table of leaves that say what the one at `level` said. */
static pte_t *table_from_leaf(const struct pt *pt, struct mmu_flush *fl, pte_t old, vaddr_t va,
                              unsigned level)
{
    pte_t *table = table_alloc();

    if (!table)
        return NULL;
    for (unsigned i = 0; i < MMU_ENTRIES; i++) {
        pfn_t pfn = mmu_pfn(old) + ((pfn_t)i << ((level - 1) * MMU_INDEX_BITS));
        fill_empty(fl, &table[i], mmu_leaf(pfn, mmu_prot(old), level - 1),
                   va + i * pt_entry_size(level - 1), level - 1);
    }
    count_in_user(pt, table, MMU_ENTRIES);
    return table;
}

/*
 * Privileged specification, "Supervisor Memory-Management Fence Instruction": when the size of a page
 * changes without an invalid entry in between, "it is unpredictable whether the old [...] or the new
 * leaf PTE is used, but the behavior is otherwise well defined"; both say the same here. "If software
 * modifies a non-leaf PTE, it should execute SFENCE.VMA with rs1=x0": the whole space is flushed.
 */
int pt_split_leaf(struct pt *pt, struct mmu_flush *fl, const struct pt_span *span)
{
    pte_t *table = table_from_leaf(pt, fl, mmu_load(span->slot), span->va, span->level);

    if (!table)
        return -ENOMEM;
    pt_link(pt, fl, span->slot, table, span->va, span->level);
    mmu_flush_table(fl);
    if (!pt->kernel) {
        table_count(span->slot, -1); /* the leaf was counted already */
        large_count(pt, -1);
    }
    return 0;
}

int pt_split(struct pt *pt, struct mmu_flush *fl, vaddr_t va)
{
    struct pt_span span;

    while (pt_next_span(pt, va, va + 1, &span) && span.level > 0 && span.va != va) {
        int err = pt_split_leaf(pt, fl, &span);
        if (err)
            return err;
    }
    return 0;
}

/* Clears the entries of a span until `live` have been found in use; returns how many were. */
static unsigned clear_span(struct pt_gather *g, const struct pt_span *span, enum pt_frames frames,
                           unsigned live)
{
    unsigned level = span->level;
    pte_t *slot = span->slot, *end = slot + span->count;
    unsigned cleared = 0;

    for (vaddr_t va = span->va; slot < end && cleared < live; slot++, va += pt_entry_size(level)) {
        pte_t pte = mmu_load(slot);

        if (mmu_is_empty(pte))
            continue;
        mmu_store(&g->flush, slot, MMU_NOTHING, va, level);
        if (frames == PT_PUT_FRAMES)
            pt_gather_page(g, pfn_to_page(mmu_pfn(pte)));
        cleared++;
    }
    return cleared;
}

static unsigned clear_large(struct pt_gather *g, const struct pt_span *span)
{
    struct page *first = pfn_to_page(mmu_pfn(mmu_load(span->slot)));

    mmu_store(&g->flush, span->slot, MMU_NOTHING, span->va, span->level);
    pt_gather_marked(g, first, GATHER_LARGE);
    large_count(g->pt, -1);
    return 1;
}

/* The same for a user table, which is reclaimed when it has become empty. */
static unsigned clear_user_span(struct pt_gather *g, const struct pt_span *span,
                                enum pt_frames frames)
{
    struct page *table = virt_to_page(span->slot);
    u32 live = table->count[TABLE_LIVE];
    unsigned cleared =
        unlikely(span->level) ? clear_large(g, span) : clear_span(g, span, frames, live);

    table->count[TABLE_LIVE] = live - cleared;
    if (live == cleared)
        pt_reclaim(g, span->va, span->level);
    return cleared;
}

size_t pt_unmap(struct pt_gather *g, vaddr_t start, vaddr_t end, enum pt_frames frames)
{
    struct pt_span span;
    size_t pages = 0;

    for (vaddr_t va = start; pt_next_span(g->pt, va, end, &span); va = pt_span_end(&span)) {
        unsigned cleared = g->pt->kernel ? clear_span(g, &span, frames, span.count)
                                         : clear_user_span(g, &span, frames);
        pages += (size_t)cleared << (span.level * MMU_INDEX_BITS);
        if (pt_span_end(&span) == 0)
            break;
    }
    return pages;
}

/* Whether this mapping holds the only reference to an anonymous frame, or to all of a large leaf's. */
static bool is_sole(const struct page *page, unsigned level)
{
    if (unlikely(level))
        return large_is_sole(page);
    return page->kind == PAGE_ANON && page_ref(page) == 1;
}

static void protect_entry(struct mmu_flush *fl, pte_t *slot, vaddr_t va, unsigned level,
                          prot_t prot, prot_t sole)
{
    pte_t old = mmu_load(slot);

    if (mmu_kind(old) == MMU_EMPTY)
        return;
    if (sole != prot && is_sole(pfn_to_page(mmu_pfn(old)), level))
        prot = sole;
    if (mmu_prot(old) != prot)
        mmu_store(fl, slot, mmu_leaf(mmu_pfn(old), prot, level), va, level);
}

void pt_protect(struct pt *pt, struct mmu_flush *fl, vaddr_t start, vaddr_t end, prot_t prot,
                prot_t sole)
{
    struct pt_span span;

    for (vaddr_t va = start; pt_next_span(pt, va, end, &span); va = pt_span_end(&span)) {
        for (unsigned i = 0; i < span.count; i++)
            protect_entry(fl, span.slot + i, span.va + i * pt_entry_size(span.level), span.level,
                          prot, sole);
        if (pt_span_end(&span) == 0)
            break;
    }
}
