/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the page table code share and nobody else needs. */
#pragma once

#include "table.h"
#include <base/panic.h>
#include <mm/page.h>
#include <mm/pt.h>

/*
 * The entry for va in a table at `level`, with the missing tables made. NULL when out of memory.
 * Panics where a leaf of a higher level is in the way.
 */
pte_t *pt_slot_make(struct pt *pt, struct mmu_flush *fl, vaddr_t va, unsigned level);

/* Puts an empty or prepared table below `slot`, which is at `level` and maps va. */
void pt_link(struct pt *pt, struct mmu_flush *fl, pte_t *slot, pte_t *table, vaddr_t va,
             unsigned level);

/*
 * Unlinks the tables along va that have become empty, from the one at `level` upwards, and gathers
 * them.
 */
void pt_reclaim(struct pt_gather *g, vaddr_t va, unsigned level);

/* Replaces the large leaf of a span by a table of leaves that say the same. 0 or -ENOMEM. */
int pt_split_leaf(struct pt *pt, struct mmu_flush *fl, const struct pt_span *span);

/* The first entry of [slot, end), which is in one table, that is in use; `end`: none is. */
static inline pte_t *pt_first_used(pte_t *slot, pte_t *end)
{
    while (slot < end && mmu_is_empty(mmu_load(slot)))
        slot++;
    return slot;
}

/* Gathers one page. */
static inline void pt_gather_page(struct pt_gather *g, struct page *page)
{
    if (unlikely(g->count == PT_GATHER_MAX))
        pt_gather_make_room(g);
    g->pages[g->count++] = page;
}

/* What pages[] holds beside single pages, by the low bits of the pointer. */
#define GATHER_LARGE 1ul /* all frames of a large leaf, from this one on */
#define GATHER_TABLE 2ul

static inline void pt_gather_marked(struct pt_gather *g, struct page *page, vaddr_t mark)
{
    pt_gather_page(g, (struct page *)((vaddr_t)page | mark));
}

/*
 * Fills the empty entry `slot` of a user table for va. Nothing to flush: a core that has cached the
 * empty entry takes a spurious fault.
 */
static inline void pt_fill(struct mmu_flush *fl, pte_t *slot, pte_t pte, vaddr_t va)
{
    DEBUG_ASSERT(mmu_kind(mmu_load(slot)) == MMU_EMPTY);
    mmu_store(fl, slot, pte, va, 0);
    table_count(slot, 1);
}
