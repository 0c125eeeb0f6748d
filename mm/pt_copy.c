/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: copying a range to another space (fork) and moving one within a space (mremap).
 *
 * Both run over source and destination in lockstep, a table at a time. The caller holds the
 * source's space exclusively; nobody else knows the destination's entries. Copying yields after each table.
 */
#include "large.h"
#include "pt_impl.h"
#include <base/wait.h>
#include <lib/errno.h>

/* The entry that goes into the copy, after the original was made read-only if it has to be. */
static inline pte_t share_entry(struct mmu_flush *fl, pte_t *slot, pte_t pte, vaddr_t va,
                                unsigned level, bool cow)
{
    prot_t prot = mmu_prot(pte);

    if (!cow || !(prot & PROT_W))
        return pte;
    pte = mmu_leaf(mmu_pfn(pte), prot & ~PROT_W, level);
    mmu_store(fl, slot, pte, va, level);
    return pte;
}

/* One table's worth. Stops early when all of the source's live entries have been seen. */
static u32 copy_span(struct mmu_flush *to_fl, pte_t *to, struct mmu_flush *fl,
                     const struct pt_span *from, bool cow)
{
    u32 live = table_live(from->slot);
    u32 copied = 0;
    pte_t *slot = from->slot, *end = slot + from->count;

    for (vaddr_t va = from->va; slot < end && copied < live; slot++, to++, va += PAGE_SIZE) {
        pte_t pte = mmu_load(slot);

        if (mmu_is_empty(pte))
            continue;
        page_get(pfn_to_page(mmu_pfn(pte)));
        mmu_store(to_fl, to, share_entry(fl, slot, pte, va, 0, cow), va, 0);
        copied++;
    }
    return copied;
}

/* A large leaf stays one in the copy. */
static int copy_large(struct pt *to, struct mmu_flush *to_fl, struct mmu_flush *fl,
                      const struct pt_span *from, bool cow)
{
    pte_t *slot = pt_slot_make(to, to_fl, from->va, from->level);
    pte_t pte = mmu_load(from->slot);

    if (!slot)
        return -ENOMEM;
    large_get(pfn_to_page(mmu_pfn(pte)));
    mmu_store(to_fl, slot, share_entry(fl, from->slot, pte, from->va, from->level, cow), from->va,
              from->level);
    table_count(slot, 1);
    large_count(to, 1);
    return 0;
}

/* Shortens a span by the empty entries at its beginning; false when there are no others. */
static bool skip_empty(struct pt_span *span)
{
    pte_t *first = pt_first_used(span->slot, span->slot + span->count);
    unsigned skipped = (unsigned)(first - span->slot);

    span->slot = first;
    span->va += skipped * PAGE_SIZE;
    span->count -= skipped;
    return span->count > 0;
}

int pt_copy(struct pt *to, struct pt *from, struct mmu_flush *fl, vaddr_t start, vaddr_t end,
            bool cow, size_t *pages)
{
    struct mmu_flush to_fl;
    struct pt_span span;

    mmu_flush_begin(&to_fl, &to->space);
    for (vaddr_t va = start; pt_next_span(from, va, end, &span); va = pt_span_end(&span)) {
        if (unlikely(span.level)) {
            if (copy_large(to, &to_fl, fl, &span, cow))
                return -ENOMEM;
            *pages += LARGE_PAGES;
            yield_point();
            continue;
        }
        if (!skip_empty(&span))
            continue;
        pte_t *slot = pt_slot_make(to, &to_fl, span.va, 0);
        if (!slot)
            return -ENOMEM;
        u32 copied = copy_span(&to_fl, slot, fl, &span, cow);
        table_count(slot, (s32)copied);
        *pages += copied;
        yield_point();
    }
    return 0;
}

/* Moves up to n entries; all of them are in one table, and so are their new places. */
static void move_run(struct mmu_flush *fl, const struct pt_span *run, pte_t *to, vaddr_t to_va)
{
    s32 moved = 0;

    for (unsigned i = 0; i < run->count; i++) {
        pte_t pte = mmu_load(run->slot + i);

        if (mmu_kind(pte) == MMU_EMPTY)
            continue;
        mmu_store(fl, run->slot + i, MMU_NOTHING, run->va + i * PAGE_SIZE, 0);
        mmu_store(fl, to + i, pte, to_va + i * PAGE_SIZE, 0);
        moved++;
    }
    table_count(run->slot, -moved);
    table_count(to, moved);
}

/* Moves a large leaf; where the new place is not as well aligned, it becomes small ones first. */
static int move_large(struct pt_gather *g, const struct pt_span *run, vaddr_t to_va)
{
    pte_t pte = mmu_load(run->slot);

    if (!is_aligned(to_va, pt_entry_size(run->level)))
        return pt_split_leaf(g->pt, &g->flush, run);
    pte_t *to = pt_slot_make(g->pt, &g->flush, to_va, run->level);
    if (!to)
        return -ENOMEM;
    DEBUG_ASSERT(mmu_kind(mmu_load(to)) == MMU_EMPTY);
    mmu_store(&g->flush, run->slot, MMU_NOTHING, run->va, run->level);
    mmu_store(&g->flush, to, pte, to_va, run->level);
    table_count(run->slot, -1);
    table_count(to, 1);
    return 0;
}

/* Moves what is mapped in [from, end) by `delta`; *done receives how far it came. */
static int move_range(struct pt_gather *g, vaddr_t from, vaddr_t end, vaddr_t delta, vaddr_t *done)
{
    struct pt_span run;

    for (*done = from; pt_next_span(g->pt, *done, end, &run); *done = pt_span_end(&run)) {
        vaddr_t to_va = run.va + delta;
        if (unlikely(run.level)) {
            int err = move_large(g, &run, to_va);
            if (err)
                return err;
            run.count = is_aligned(to_va, LARGE_SIZE); /* else again, now that it is split */
            continue;
        }
        if (!skip_empty(&run))
            continue;
        to_va = run.va + delta;
        pte_t *to = pt_slot_make(g->pt, &g->flush, to_va, 0);
        if (!to)
            return -ENOMEM;
        run.count = MIN(run.count, MMU_ENTRIES - pt_index(to_va, 0));
        move_run(&g->flush, &run, to, to_va);
    }
    return 0;
}

/* What a table at the level of large leaves maps. */
#define SPAN_ABOVE (LARGE_SIZE * MMU_ENTRIES)

static void reclaim_range(struct pt_gather *g, vaddr_t start, vaddr_t end)
{
    struct pt_span span;

    for (vaddr_t va = start; pt_next_span(g->pt, va, end, &span); va = pt_span_end(&span))
        if (!table_live(span.slot))
            pt_reclaim(g, span.va, 0);
    /* Where large leaves were, a table above may be empty that no span shows. */
    for (vaddr_t va = start; va < end; va = ALIGN_DOWN(va, SPAN_ABOVE) + SPAN_ABOVE)
        pt_reclaim(g, va, LARGE_LEVEL);
}

/*
 * Source tables are kept until all is done: so the way back, which needs them, cannot fail.
 */
int pt_move(struct pt_gather *g, vaddr_t from, vaddr_t to, size_t size)
{
    vaddr_t delta = to - from;
    vaddr_t done, back;
    int err = move_range(g, from, from + size, delta, &done);

    if (err)
        move_range(g, to, done + delta, -delta, &back);
    reclaim_range(g, err ? to : from, (err ? to : from) + size);
    return err;
}
