/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of page tables. Private to mm/pt*.c and mm/kvm*.c.
 *
 * The struct page of a table keeps how many of its entries are in use (user tables: at zero the
 * table goes) and which entry points to it (checked by mm/kvm_check.c and mm/uvm_check.c: no table
 * has two parents). A table that is freed is empty, and kept so for the next one: clearing
 * five fresh frames would cost a fork more than all of its entries.
 */
#pragma once

#include <arch/mmu.h>
#include <lib/types.h>
#include <mm/page.h>

/* The same words of struct page.count by name. */
#define TABLE_LIVE   0
#define TABLE_PARENT 1

static inline u32 table_live(const pte_t *table)
{
    return virt_to_page(table)->count[TABLE_LIVE];
}

/* Names an entry: its place in RAM, which is unique within 32 GiB. */
static inline u32 table_entry_id(const pte_t *slot)
{
    return (u32)(virt_to_phys(slot) / sizeof(*slot));
}

/* Notes that `slot` points to the table. */
static inline void table_set_parent(const pte_t *table, const pte_t *slot)
{
    virt_to_page(table)->count[TABLE_PARENT] = table_entry_id(slot);
}

/* Whether the table that `slot` points to knows `slot` as its parent. */
static inline bool table_knows_parent(const pte_t *slot)
{
    const struct page *table = pfn_to_page(mmu_pfn(mmu_load(slot)));

    return table->count[TABLE_PARENT] == table_entry_id(slot);
}

/* Counts n entries in or (n < 0) out of use, in the table that holds `slot`. */
static inline void table_count(const pte_t *slot, s32 n)
{
    virt_to_page(slot)->count[TABLE_LIVE] += (u32)n;
}

/* An empty table, unlinked; NULL when out of memory. Any context. */
pte_t *table_alloc(void);

/* Gives back a table that is empty and that no cpu can reach any more. */
void table_free(struct page *page);
