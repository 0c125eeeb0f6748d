/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address-translation cache of a hart that keeps all that the privileged
 * specification allows it to keep
 */

#ifndef TARGET_RISCV_WALK_CACHE_H
#define TARGET_RISCV_WALK_CACHE_H

#include "exec/hwaddr.h"

typedef struct RISCVWalkCache RISCVWalkCache;

/*
 * last:    keep the entry that ended a walk, be it a leaf, a leaf that denies
 *          the access, or an invalid entry
 * pointer: keep entries that point to the next table
 */
RISCVWalkCache *riscv_walk_cache_new(bool last, bool pointer);

/* The kept entry that ends a walk for addr, and its level; -1 if there is none */
int riscv_walk_cache_find(RISCVWalkCache *wc, uint64_t addr, uint64_t *pte);

/* Entry at physical address pte_addr: from the cache if it is a kept pointer */
bool riscv_walk_cache_find_pointer(RISCVWalkCache *wc, hwaddr pte_addr,
                                   uint64_t *pte);

/*
 * The entry at pte_addr was read, which stands for addr on the given level
 * (0: 4 KiB) of a table
 */
void riscv_walk_cache_note(RISCVWalkCache *wc, uint64_t addr, int level,
                           hwaddr pte_addr, uint64_t pte);

/* sfence.vma without an address */
void riscv_walk_cache_flush(RISCVWalkCache *wc);

/*
 * sfence.vma with an address. Forgets entries that ended walks for addr, on
 * all levels, but no pointers. Returns the level up to which leaves may have
 * covered addr: what QEMU's TLB has of that range goes as well.
 */
int riscv_walk_cache_flush_page(RISCVWalkCache *wc, uint64_t addr);

#endif
