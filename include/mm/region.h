/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's RAM before there is an allocator: which ranges exist, which of them are taken and
 * why, and a simple allocator on what is left.
 *
 * Boot cpu only, from region_init() until page_init() has handed the free ranges to the buddy; the
 * read-only questions (region_at, region_next_mapped, region_reason) stay valid for ever.
 * Everything is physical and in whole pages: RAM is rounded inwards, holes outwards.
 */
#pragma once

#include <lib/types.h>

struct boot_info;
struct fdt;

enum region_use {
    REGION_FREE,  /* ours */
    REGION_HELD,  /* in use or promised to somebody: mapped, never handed out */
    REGION_NOMAP, /* not ours: neither mapped nor touched */
};

struct region {
    paddr_t start;
    paddr_t end; /* exclusive */
    enum region_use use;
    const char *reason; /* why it is not free: "kernel", a tree node's name, ... */
};

/*
 * Works out the memory map from a validated tree and from where the image and the initrd lie.
 * Moves the tree into a place of its own (fdt->blob changes; the copy is writable), so that the
 * place where firmware left it is ordinary RAM afterwards. What is odd but survivable
 * (zero-sized, wrapping, overlapping banks, RAM beyond the direct map) is logged and left out.
 * 0; -ENOENT: the tree names no memory; -EINVAL: the image lies in none of it; -ENOMEM: no room for
 * the tables. The reason has been logged.
 */
int region_init(const struct boot_info *info, struct fdt *fdt);

/* Logs the map, one line per range, with the reason of each hole. */
void region_print(void);

/*
 * `size` zeroed bytes at a multiple of `align` (a power of two; at least a page is taken), as a
 * pointer into the direct map. NULL when there is no such room. There is no way to give them back.
 */
void *early_alloc(size_t size, size_t align);

/* The same within [low, high) of physical memory, contents undefined. */
void *early_alloc_in(size_t size, size_t align, paddr_t low, paddr_t high);

/*
 * After arch_paging_done(): the direct map covers all RAM, early frames need no mapping any more. The
 * place where firmware left the tree is wiped (it may hold a random seed) and becomes free.
 */
void early_all_mapped(void);

/* Range number i of the map, in ascending order; false behind the last. */
bool region_at(size_t i, struct region *out);

/*
 * The first run of RAM at or above `from` that the direct map must cover, neighbours merged:
 * for (pa = 0; region_next_mapped(pa, &start, &end); pa = end). False when there is none.
 */
bool region_next_mapped(paddr_t from, paddr_t *start, paddr_t *end);

/* Why the RAM at pa is not free, "free RAM" when it is, NULL when there is no RAM. */
const char *region_reason(paddr_t pa);

/* Bytes of RAM with that use. */
u64 region_total(enum region_use use);

/* The initrd that firmware handed over. False: there is none (or a useless one; was logged). */
bool region_initrd(paddr_t *start, size_t *size);

/*
 * Notes that [start, end) was handed to the buddy or given back (whole pages). For mm/page_init.c.
 * Returns 0, -EINVAL when a part is no RAM of ours that is held, -ENOMEM when the table is full.
 */
int region_mark_free(paddr_t start, paddr_t end);

/* Ends early_alloc(): the free ranges belong to the buddy. For mm/page_init.c. */
void region_close(void);
