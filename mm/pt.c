/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: life of a tree, descents, and the making and reclaiming of tables.
 *
 * Invariants: a table has one parent; a branch of new tables is complete before one store links
 * it, so whoever walks without the writers' lock sees all of it or nothing; a user table whose
 * last entry goes is unlinked at once and freed after the flush.
 */
#include "pt_impl.h"
#include <base/panic.h>
#include <lib/errno.h>

static struct page *table_page(const pte_t *slot)
{
    return virt_to_page(slot);
}

int pt_init(struct pt *pt)
{
    pte_t *root = table_alloc();

    if (!root)
        return -ENOMEM;
    *pt = (struct pt){.root = root, .tables = 1};
    mmu_space_init(&pt->space, root, false);
    return 0;
}

void pt_retire(struct pt *pt)
{
    mmu_space_retire(&pt->space);
}

/* The kernel's entries in a user root are copies: they go without a flush, and nothing below. */
static void clear_kernel_part(struct pt *pt)
{
    struct mmu_flush unused;
    unsigned first = mmu_isolated() ? MMU_ENTRY_SLOT : MMU_KERNEL_SLOT_FIRST;

    mmu_flush_begin(&unused, &pt->space);
    for (unsigned i = first; i < MMU_ENTRIES; i++)
        mmu_store(&unused, &pt->root[i], MMU_NOTHING, 0, mmu_levels() - 1);
}

void pt_destroy(struct pt *pt)
{
    ASSERT(pt->tables == 1 && table_live(pt->root) == 0);
    clear_kernel_part(pt);
    table_free(table_page(pt->root));
    pt->root = NULL;
}

static void fill_span(struct pt_span *span, pte_t *slot, vaddr_t va, vaddr_t end, unsigned level)
{
    span->slot = slot;
    span->level = level;
    if (level) {
        span->va = ALIGN_DOWN(va, pt_entry_size(level));
        span->count = 1;
        return;
    }
    size_t wanted = (end - va) >> PAGE_SHIFT;
    size_t in_table = MMU_ENTRIES - pt_index(va, 0);

    span->va = va;
    span->count = (unsigned)MIN(wanted, in_table);
}

/* Goes down as far as tables reach along va. Returns the entry where they end, and its level. */
static pte_t *descend(const struct pt *pt, vaddr_t va, unsigned *level)
{
    unsigned at = mmu_levels() - 1;
    pte_t *slot = &pt->root[pt_index(va, at)];

    while (at > 0) {
        pte_t entry = mmu_load(slot);
        if (mmu_kind(entry) != MMU_TABLE)
            break;
        at--;
        slot = &pt_table_of(entry)[pt_index(va, at)];
    }
    *level = at;
    return slot;
}

bool pt_next_span(const struct pt *pt, vaddr_t va, vaddr_t end, struct pt_span *span)
{
    while (va < end || end == 0) {
        unsigned level;
        pte_t *slot = descend(pt, va, &level);

        if (level == 0 || mmu_kind(mmu_load(slot)) == MMU_LEAF) {
            fill_span(span, slot, va, end, level);
            return true;
        }
        va = ALIGN_DOWN(va, pt_entry_size(level)) + pt_entry_size(level);
        if (va == 0)
            break;
    }
    return false;
}

pte_t pt_lookup(const struct pt *pt, vaddr_t va, unsigned *level)
{
    unsigned at;
    pte_t entry = mmu_load(descend(pt, va, &at));

    if (level)
        *level = at;
    return entry;
}

void pt_link(struct pt *pt, struct mmu_flush *fl, pte_t *slot, pte_t *table, vaddr_t va,
             unsigned level)
{
    if (likely(page_section_count))
        table_set_parent(table, slot);
    if (!pt->kernel)
        table_count(slot, 1);
    pt->tables++;
    mmu_store(fl, slot, mmu_table(virt_to_phys(table) >> PAGE_SHIFT),
              ALIGN_DOWN(va, pt_entry_size(level)), level);
}

/* Takes a branch that was never linked apart again: `top` is at `level`, the lowest at `low`. */
static void branch_free(struct pt *pt, struct mmu_flush *fl, pte_t *top, vaddr_t va, unsigned level,
                        unsigned low)
{
    while (top) {
        pte_t *slot = &top[pt_index(va, level)];
        pte_t *below = level > low ? pt_table_of(*slot) : NULL;

        if (below) {
            mmu_store(fl, slot, MMU_NOTHING, ALIGN_DOWN(va, pt_entry_size(level)), level);
            pt->tables--;
        }
        table_free(table_page(top));
        top = below;
        level--;
    }
}

/*
 * Hangs empty tables from `level` - 1 down to `low` below the empty entry `slot`. Built from
 * below, so that the last store links all of it. Returns the lowest table, NULL when out of
 * memory.
 */
static pte_t *branch_make(struct pt *pt, struct mmu_flush *fl, pte_t *slot, vaddr_t va,
                          unsigned level, unsigned low)
{
    pte_t *lowest = NULL;
    pte_t *top = NULL;

    for (unsigned at = low; at < level; at++) {
        pte_t *table = table_alloc();
        if (!table) {
            branch_free(pt, fl, top, va, at - 1, low);
            return NULL;
        }
        if (top)
            pt_link(pt, fl, &table[pt_index(va, at)], top, va, at);
        else
            lowest = table;
        top = table;
    }
    pt_link(pt, fl, slot, top, va, level);
    return lowest;
}

pte_t *pt_slot_make(struct pt *pt, struct mmu_flush *fl, vaddr_t va, unsigned level)
{
    pte_t *table = pt->root;

    for (unsigned at = mmu_levels() - 1; at > level; at--) {
        pte_t *slot = &table[pt_index(va, at)];
        pte_t entry = mmu_load(slot);

        if (likely(mmu_kind(entry) == MMU_TABLE)) {
            table = pt_table_of(entry);
            continue;
        }
        if (mmu_kind(entry) != MMU_EMPTY)
            panic("page table: a leaf at level %u is in the way of %#lx", at, va);
        table = branch_make(pt, fl, slot, va, at, level);
        if (!table)
            return NULL;
        break;
    }
    return &table[pt_index(va, level)];
}

pte_t *pt_slot_alloc(struct pt *pt, struct mmu_flush *fl, vaddr_t va)
{
    return pt_slot_make(pt, fl, va, 0);
}

/* The entries along va from the root down to level `low`; false when tables end before. */
static bool path_of(const struct pt *pt, vaddr_t va, unsigned low, pte_t *path[MMU_MAX_LEVELS])
{
    pte_t *table = pt->root;

    for (unsigned level = mmu_levels() - 1;; level--) {
        path[level] = &table[pt_index(va, level)];
        if (level == low)
            return true;
        if (mmu_kind(mmu_load(path[level])) != MMU_TABLE)
            return false;
        table = pt_table_of(mmu_load(path[level]));
    }
}

void pt_reclaim(struct pt_gather *g, vaddr_t va, unsigned low)
{
    pte_t *path[MMU_MAX_LEVELS];

    if (!path_of(g->pt, va, low, path))
        return;
    for (unsigned level = low + 1; level < mmu_levels(); level++) {
        struct page *table = table_page(path[level - 1]);

        if (table->count[TABLE_LIVE])
            return;
        mmu_store(&g->flush, path[level], MMU_NOTHING, ALIGN_DOWN(va, pt_entry_size(level)), level);
        mmu_flush_table(&g->flush);
        table_count(path[level], -1);
        g->pt->tables--;
        pt_gather_marked(g, table, GATHER_TABLE);
    }
}
