/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: the tree, for user spaces and for the kernel alike.
 *
 * A table is a frame of kind PAGE_TABLE with 512 entries; the number of levels is a run-time value
 * of the machine. Entries change through one funnel (mmu_store) that notes what must be flushed.
 * Whatever takes mappings away collects frames and tables in a gather, and the gather frees them
 * only when every cpu has acknowledged the flush.
 *
 * Locks: none here. A user table is changed under its space's lock (see mm/uvm.h), the
 * kernel's under the lock of mm/kvm.c. Addresses and sizes are multiples of 4 KiB throughout.
 */
#pragma once

#include <arch/mmu.h>
#include <lib/types.h>
#include <mm/page.h>

struct fmt_sink;

struct pt {
    pte_t *root;
    struct mmu_space space;
    u32 tables;  /* frames, the root included */
    u32 large;   /* leaves of 2 MiB; of programs' tables only */
    bool kernel; /* superpages where they fit; empty tables stay (their parents are shared) */
};

/* Bytes that one entry of a table at `level` maps. */
static inline size_t pt_entry_size(unsigned level)
{
    return PAGE_SIZE << (level * MMU_INDEX_BITS);
}

/* The index of va in a table at `level`. */
static inline unsigned pt_index(vaddr_t va, unsigned level)
{
    return (va >> (PAGE_SHIFT + level * MMU_INDEX_BITS)) % MMU_ENTRIES;
}

/* The table that a pointer entry points to, through the direct map. */
static inline pte_t *pt_table_of(pte_t entry)
{
    return phys_to_virt(mmu_pfn(entry) << PAGE_SHIFT);
}

/* --- collecting what is to be freed ------------------------------------------------------- */

#define PT_GATHER_MAX   64
#define PT_BATCHES_MOST 10

struct pt_batch;

/* Lives on the stack of the operation; what does not fit goes into up to PT_BATCHES_MOST frames. */
struct pt_gather {
    struct pt *pt;
    struct mmu_flush flush;
    bool yields; /* set by the caller: freeing is full of yield_point()s */
    u32 count;
    u32 batch_count;
    struct pt_batch *batches;
    struct page *pages[PT_GATHER_MAX]; /* one reference each, dropped after the flush */
};

void pt_gather_begin(struct pt_gather *g, struct pt *pt);
/*
 * Flushes what is noted, then drops the references. Happens by itself when the gather is full, which
 * is at PT_GATHER_MAX pages when memory is short, else beyond 4,096.
 */
void pt_gather_flush(struct pt_gather *g);
/* pages[] is full: makes room, by a frame for them or by a flush. */
void pt_gather_make_room(struct pt_gather *g);
/* The end of the operation: the same, and the gather must not be used again. */
void pt_gather_end(struct pt_gather *g);

/* --- life ---------------------------------------------------------------------------------- */

/* A new table for user space: a root with the kernel's part filled in. 0 or -ENOMEM. */
int pt_init(struct pt *pt);

/*
 * Announces the end: no cpu runs the space, none will. What is unmapped from now on
 * costs no flush. Then the caller unmaps everything and calls pt_destroy, which frees the root.
 */
void pt_retire(struct pt *pt);
void pt_destroy(struct pt *pt);

/* Frees the cleared tables that are kept for reuse; returns how many. */
size_t pt_drain_cache(void);

/* --- walking ------------------------------------------------------------------------------- */

/* A run of neighbouring entries in one table. */
struct pt_span {
    pte_t *slot;    /* the first entry */
    vaddr_t va;     /* what it maps */
    unsigned count; /* number of entries */
    unsigned level; /* 0: 4 KiB entries, leaves or empty; above: one leaf */
};

/*
 * The next run at or behind va with va < end, skipping what has no table: all entries of a
 * level-0 table within the range, or one leaf of a higher level (which may begin before va).
 * False when there is none. One descent from the root per table, none per page.
 */
bool pt_next_span(const struct pt *pt, vaddr_t va, vaddr_t end, struct pt_span *span);

/* The address behind a span. */
static inline vaddr_t pt_span_end(const struct pt_span *span)
{
    return span->va + span->count * pt_entry_size(span->level);
}

/* The level-0 entry for va, or NULL: no table there (or a leaf of a higher level). */
static inline pte_t *pt_slot(const struct pt *pt, vaddr_t va)
{
    pte_t *table = pt->root;

#pragma GCC unroll 4
    for (unsigned level = mmu_levels() - 1; level > 0; level--) {
        pte_t entry = mmu_load(&table[pt_index(va, level)]);
        if (unlikely(mmu_kind(entry) != MMU_TABLE))
            return NULL;
        table = pt_table_of(entry);
    }
    return &table[pt_index(va, 0)];
}

/* The same, making the missing tables: NULL when out of memory. */
pte_t *pt_slot_alloc(struct pt *pt, struct mmu_flush *fl, vaddr_t va);

/* The entry that maps va, at any level; MMU_EMPTY when none does. *level may be NULL. */
pte_t pt_lookup(const struct pt *pt, vaddr_t va, unsigned *level);

/* --- changing ------------------------------------------------------------------------------ */

/*
 * Maps [va, va + size) to the frames from `pfn` on. In the kernel's table by leaves as large as
 * alignment allows. Everything there is empty before (checked: panic). 0, or -ENOMEM with nothing
 * mapped.
 */
int pt_map(struct pt *pt, struct mmu_flush *fl, vaddr_t va, pfn_t pfn, size_t size, prot_t prot);

/* The same for n pages that lie anywhere. */
int pt_map_pages(struct pt *pt, struct mmu_flush *fl, vaddr_t va, struct page *const *pages,
                 size_t n, prot_t prot);

/*
 * Makes va the boundary between two entries, by splitting the large leaf that straddles it. The
 * translation stays the same at every moment; what cores have cached of the old size is flushed with
 * the operation. 0 or -ENOMEM.
 */
int pt_split(struct pt *pt, struct mmu_flush *fl, vaddr_t va);

enum pt_frames {
    PT_KEEP_FRAMES, /* the frames are not ours (devices, the direct map) */
    PT_PUT_FRAMES,  /* each mapping carried a reference, which is dropped after the flush */
};

/*
 * Unmaps what is mapped in [start, end) and gathers frames and, in user tables, tables that become
 * empty. Large leaves must not straddle the ends (pt_split before): so it cannot fail. Returns the
 * number of 4 KiB pages unmapped.
 */
size_t pt_unmap(struct pt_gather *g, vaddr_t start, vaddr_t end, enum pt_frames frames);

/*
 * Sets the rights of what is mapped in [start, end). Entries for anonymous frames that nobody else
 * holds get `sole`, all others `prot`: how a private mapping becomes writable again without giving
 * away what it shares copy-on-write. Large leaves as for pt_unmap.
 */
void pt_protect(struct pt *pt, struct mmu_flush *fl, vaddr_t start, vaddr_t end, prot_t prot,
                prot_t sole);

/*
 * Maps in `to`, whose range is empty, what `from` maps in [start, end), with a reference for each
 * frame. With cow, writable entries become read-only in both. 0, or -ENOMEM with a part done.
 * *pages grows by the number of pages copied. User tables.
 */
int pt_copy(struct pt *to, struct pt *from, struct mmu_flush *fl, vaddr_t start, vaddr_t end,
            bool cow, size_t *pages);

/*
 * Moves the entries of [from, from + size) to the empty range at `to`, references and all; the
 * two do not overlap. Large leaves do not straddle the ends; they stay large where the new place is
 * as well aligned. 0, or -ENOMEM with everything where it was. User tables. Emptied tables are
 * gathered.
 */
int pt_move(struct pt_gather *g, vaddr_t from, vaddr_t to, size_t size);

/* Leaves of 2 MiB in all programs' tables together. */
u64 pt_large_total(void);

/* --- showing ------------------------------------------------------------------------------- */

/*
 * Calls table() for each entry that points to a table, and leaf() for each leaf, in order, below
 * the root entries first..last. Either may be NULL. A nonzero result ends the walk and is
 * returned. The caller keeps tables from being freed.
 */
struct pt_visitor {
    int (*table)(struct pt_visitor *v, vaddr_t va, unsigned level, const pte_t *slot);
    int (*leaf)(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte);
};
int pt_visit(const struct pt *pt, unsigned first, unsigned last, struct pt_visitor *v);

/*
 * Prints what is below the root entries first..last: a line per table, indented by level; a line
 * per run of neighbouring entries of one size with like rights: addresses, rights, size, frames.
 */
void pt_dump(const struct pt *pt, unsigned first, unsigned last, struct fmt_sink *sink);
