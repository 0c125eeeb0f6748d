/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator: blocks of 2^order frames in two zones, below and above 4 GiB.
 *
 * mm/page_alloc.c stands in front of it (caches, references, account); nobody else allocates here. Each
 * zone has one lock, held for a bounded number of steps: an allocation splits at most
 * PAGE_ORDER_MAX times and may write the struct pages of one 4 MiB block, a free merges at most
 * PAGE_ORDER_MAX times. The zone lock is a leaf.
 */
#pragma once

#include <mm/page.h>

/* Frames per largest block: arrays of struct pages cover whole ones ("groups"). */
#define BUDDY_GROUP (1ul << PAGE_ORDER_MAX)

#define ZONE_LOW      0
#define ZONE_HIGH     1
#define ZONE_HIGH_PFN (1ul << (32 - PAGE_SHIFT))

/*
 * Adds a group that is free from end to end; its struct pages may be noise, only the head is
 * written. Boot cpu.
 */
void buddy_add_group(pfn_t pfn);

/* Adds the frames [pfn, end) as blocks that are as large as alignment allows. Struct pages zeroed. */
void buddy_add_range(pfn_t pfn, pfn_t end);

/* A block of 2^order frames or NULL; its head's state is zero then. flags: PA_LOW. */
struct page *buddy_alloc(unsigned order, unsigned flags);

/* Single pages, up to `want`, chained through page.link, state zero. Returns how many, 0: none. */
u32 buddy_alloc_batch(u32 want, struct page **chain);

/* Takes a block back. The caller has checked that p is the head of an allocated block of that order. */
void buddy_free(struct page *p, unsigned order);

/* Takes single pages back, chained through page.link. */
void buddy_free_batch(struct page *chain);

void buddy_stats(struct page_zone_stats zone[PAGE_ZONES]);
u64 buddy_free_count(void);
u64 buddy_total_count(void);

/*
 * Walks the free lists and compares them with the zones' account. NULL, or what is wrong. Exact at any
 * time; holds each zone's lock for as long as its lists are. page_check() looks at everything.
 */
const char *buddy_check(void);
