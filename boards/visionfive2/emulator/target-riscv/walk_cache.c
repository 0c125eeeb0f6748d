/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address-translation cache of a hart that keeps all that the privileged
 * specification allows it to keep
 *
 * QEMU walks the page table anew whenever its TLB has no entry, so a guest
 * that forgets a fence is seldom punished. Real cores may keep any entry that
 * they have read, "including those with V=0" (privileged specification,
 * sfence.vma), until a fence covers it:
 *
 *  - the entry that ended a walk, kept by virtual address as in a TLB. A load
 *    through an entry that was invalid faults again after the entry was made
 *    valid, and a store through one that was read-only after it was made
 *    writable;
 *  - entries that point to the next table, kept by their own physical address
 *    as in a page-walk cache. A fence with an address orders accesses to leaf
 *    entries only, so just a fence without one forgets them.
 *
 * Neither is touched by writes to satp: the cores have no ASIDs.
 *
 * Each cache is a direct-mapped array of notes; a note whose generation is not
 * the cache's own is empty, so that forgetting everything is one increment. A
 * note that gives way to another is merely forgotten early, as in any cache.
 */

#include "qemu/osdep.h"
#include "target/riscv/walk_cache.h"

#define PAGE_BITS       12
#define INDEX_BITS      9
#define LEVELS          3               /* Sv39 */
#define NOTES           4096

#define ENTRY_V         0x1
#define ENTRY_RWX       0xe
#define ENTRY_U_A_D     0xd0            /* reserved in pointers */

typedef struct {
    uint64_t key;
    uint64_t pte;
    uint64_t generation;
} Note;

struct RISCVWalkCache {
    bool keep_last;
    bool keep_pointers;
    int highest_leaf;                   /* level of the largest leaf used */
    uint64_t generation;
    Note last[NOTES];
    Note pointer[NOTES];
};

RISCVWalkCache *riscv_walk_cache_new(bool last, bool pointer)
{
    RISCVWalkCache *wc = g_new0(RISCVWalkCache, 1);

    wc->keep_last = last;
    wc->keep_pointers = pointer;
    wc->generation = 1;
    return wc;
}

static uint64_t last_key(uint64_t addr, int level)
{
    return addr >> (PAGE_BITS + INDEX_BITS * level) << 2 | level;
}

static Note *note_of(Note *notes, uint64_t key)
{
    return &notes[(key * 0x9e3779b97f4a7c15ULL) >> 52];
}

static Note *find(RISCVWalkCache *wc, Note *notes, uint64_t key)
{
    Note *n = note_of(notes, key);

    return n->generation == wc->generation && n->key == key ? n : NULL;
}

/* What is kept already stays as it is: the entry may have changed since */
static void keep(RISCVWalkCache *wc, Note *notes, uint64_t key, uint64_t pte)
{
    if (find(wc, notes, key)) {
        return;
    }
    *note_of(notes, key) = (Note) { key, pte, wc->generation };
}

int riscv_walk_cache_find(RISCVWalkCache *wc, uint64_t addr, uint64_t *pte)
{
    for (int level = 0; level < LEVELS; level++) {
        Note *n = find(wc, wc->last, last_key(addr, level));

        if (n) {
            *pte = n->pte;
            return level;
        }
    }
    return -1;
}

bool riscv_walk_cache_find_pointer(RISCVWalkCache *wc, hwaddr pte_addr,
                                   uint64_t *pte)
{
    Note *n = find(wc, wc->pointer, pte_addr);

    if (n) {
        *pte = n->pte;
    }
    return n != NULL;
}

void riscv_walk_cache_note(RISCVWalkCache *wc, uint64_t addr, int level,
                           hwaddr pte_addr, uint64_t pte)
{
    bool pointer = (pte & (ENTRY_V | ENTRY_RWX | ENTRY_U_A_D)) == ENTRY_V;

    if (pointer && level > 0) {
        if (wc->keep_pointers) {
            keep(wc, wc->pointer, pte_addr, pte);
        }
        return;
    }
    if (pte & ENTRY_V) {
        wc->highest_leaf = MAX(wc->highest_leaf, level);
    }
    if (wc->keep_last) {
        keep(wc, wc->last, last_key(addr, level), pte);
    }
}

void riscv_walk_cache_flush(RISCVWalkCache *wc)
{
    wc->generation++;
    wc->highest_leaf = 0;
}

int riscv_walk_cache_flush_page(RISCVWalkCache *wc, uint64_t addr)
{
    for (int level = 0; level < LEVELS; level++) {
        Note *n = find(wc, wc->last, last_key(addr, level));

        if (n) {
            n->generation = 0;
        }
    }
    return wc->highest_leaf;
}
