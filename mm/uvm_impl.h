/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the address space code share and nobody else needs. */
#pragma once

#include <base/atomic.h>
#include <base/mutex.h>
#include <base/spinlock.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <mm/pt.h>
#include <mm/uvm.h>

/* Left free below a stack, so that an overrun hits nothing. */
#define UVM_STACK_GUARD (1 * MiB)

/* Flags that a region keeps; two neighbours merge only when these agree. */
#define REGION_FLAGS                                                                              \
    (UVM_SHARED | UVM_STACK | UVM_NOWRITE | UVM_HEAP | UVM_LOCKED | UVM_ONFAULT | UVM_NORESERVE | \
     UVM_HUGE | UVM_NOHUGE | UVM_DONTFORK | UVM_WIPEONFORK | UVM_NOEXEC)

/* What a run of addresses was promised. Regions of a space do not overlap. */
struct region {
    struct rb_node node;
    vaddr_t start, end;
    unsigned prot;
    unsigned flags;
    struct pager *pager; /* one reference held; NULL: anonymous */
    u64 offset;          /* of start, bytes; 0 for anonymous memory */
    size_t gap;          /* free bytes right below that may be handed out */
    size_t max_gap;      /* the largest gap in this node's subtree */
};

struct uvm {
    struct rwlock lock;
    struct spinlock pt_lock; /* adding to the page table under the shared lock */
    u32 refs;
    u32 count; /* regions */
    struct pt pt;
    struct rb_tree regions;
    struct region *hit; /* the region of the last fault; a hint, changed under either lock */
    vaddr_t brk_start, brk;
    bool dontfork;   /* a region has had UVM_DONTFORK: fork looks for them */
    unsigned future; /* UVM_LOCKED, UVM_ONFAULT: what regions to come are given */
    vaddr_t top;     /* the stack's room lies below it, then what mmap hands out */
    struct uvm_limits limits;
    struct uvm_stats stats; /* booked sizes: under the lock; resident: also under pt_lock */
    struct uvm_layout layout;
    struct list link; /* of all spaces */
};

/* --- uvm_region.c: the tree. The lock is held exclusively, but for the look-ups. ------------ */

struct region *region_alloc(void);
/* The same with the bounds, rights and pager (and a reference on it) of another one. */
struct region *region_copy(const struct region *r);
/* Drops the pager's reference too. */
void region_free(struct region *r);

/* The region that holds va, or NULL. Fills the hint. Shared lock. */
struct region *region_find(struct uvm *uvm, vaddr_t va);
/* The first region that ends behind va, or NULL. Shared lock. */
struct region *region_from(const struct uvm *uvm, vaddr_t va);
struct region *region_next(const struct region *r);
struct region *region_prev(const struct region *r);

/* Puts a region into the tree and into the accounts. It must not overlap another one. */
void region_insert(struct uvm *uvm, struct region *r);
/* Takes it out; the caller frees it. */
void region_remove(struct uvm *uvm, struct region *r);
/* Changes bounds (offset follows start) or rights. */
void region_resize(struct uvm *uvm, struct region *r, vaddr_t start, vaddr_t end);
void region_set_prot(struct uvm *uvm, struct region *r, unsigned prot);
/* The same of the flags of all regions in [start, end), whose ends are boundaries. */
void region_set_flags(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned clear, unsigned set);

/* The first address in [start, end) that no region covers, or `end`. */
vaddr_t region_hole(const struct uvm *uvm, vaddr_t start, vaddr_t end);

/* Makes start and end boundaries between regions. 0, or -ENOMEM with nothing changed. */
int region_isolate(struct uvm *uvm, vaddr_t start, vaddr_t end);
/* Joins neighbours that are alike, around [start, end). */
void region_merge(struct uvm *uvm, vaddr_t start, vaddr_t end);

/* The highest free place for len bytes below `limit`; 0 when there is none. */
vaddr_t region_find_gap(const struct uvm *uvm, size_t len, vaddr_t limit);
/* Whether [start, end) is free and leaves a stack above it its guard. */
bool region_is_free(const struct uvm *uvm, vaddr_t start, vaddr_t end);

/* Pages of private writable memory that is no stack, if the region is such: RLIMIT_DATA's. */
static inline bool region_is_data(unsigned prot, unsigned flags)
{
    return (prot & UVM_W) && !(flags & (UVM_SHARED | UVM_STACK));
}

/*
 * Whether the caller's reference is the only one. Acquires what others did in the space before they
 * dropped theirs: threads of it may have ended a moment ago, on other cpus.
 */
static inline bool uvm_is_lone(const struct uvm *uvm)
{
    return atomic_load_acquire(&uvm->refs) == 1;
}

/* Before pages go: faults do not keep the peak up to date. Exclusive lock. */
static inline void uvm_note_peak(struct uvm *uvm)
{
    uvm->stats.peak_resident = MAX(uvm->stats.peak_resident, uvm->stats.resident);
}

/* --- uvm_map.c ------------------------------------------------------------------------------ */

/* Unmaps all of [start, end), exclusively locked. 0, or -ENOMEM with nothing changed. */
int uvm_unmap_locked(struct uvm *uvm, vaddr_t start, vaddr_t end);

/* Takes the pages of [start, end) out of the table and frees them; r: the first region there. */
void uvm_drop_pages(struct uvm *uvm, struct region *r, vaddr_t start, vaddr_t end);

/* Whether limits and memory allow `pages` more of a region with these rights and flags, */
bool uvm_may_book(const struct uvm *uvm, u64 pages, unsigned prot, unsigned flags);
/* and whether RLIMIT_MEMLOCK does. */
bool uvm_locks_fit(const struct uvm *uvm, u64 pages);
static inline bool uvm_may_lock(const struct uvm *uvm, unsigned flags, u64 pages)
{
    return likely(!(flags & UVM_LOCKED)) || uvm_locks_fit(uvm, pages);
}

/* The checks that all calls on [addr, addr + len) share: 0 and *end, or -EINVAL/-ENOMEM. */
int uvm_check_range(vaddr_t addr, size_t len, int too_far, vaddr_t *end);

/* A free place for len bytes as mmap(2) chooses it: near the hint, else high. 0: none. */
vaddr_t uvm_find_place(const struct uvm *uvm, vaddr_t hint, size_t len);

/* --- uvm_large.c ----------------------------------------------------------------------------- */

int uvm_split_straddling(struct uvm *uvm, vaddr_t start, vaddr_t end);

/*
 * Splits the large leaves that straddle start or end: before anything happens to a part of a region.
 * Exclusive lock. 0, or -ENOMEM with nothing changed but sizes.
 */
static inline int uvm_split_leaves(struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    return likely(!uvm->pt.large) ? 0 : uvm_split_straddling(uvm, start, end);
}

/* --- uvm.c ---------------------------------------------------------------------------------- */

/* All spaces in turn, each with a reference, which the next call drops: NULL begins and ends. */
struct uvm *uvm_next_space(struct uvm *prev);

/* --- rights of entries ----------------------------------------------------------------------- */

/* What an entry of the region may grant at once: W only comes with a write fault. W implies R. */
static inline prot_t region_entry_prot(const struct region *r)
{
    return PROT_U | (r->prot & ~UVM_W) | (r->prot & UVM_W ? UVM_R : 0);
}

/* The same for an anonymous frame that is this mapping's alone. */
static inline prot_t region_sole_prot(const struct region *r)
{
    return r->flags & UVM_SHARED ? region_entry_prot(r) : PROT_U | r->prot;
}

/* The pager's page for an address in the region. */
static inline u64 region_index(const struct region *r, vaddr_t va)
{
    return (r->offset + (va - r->start)) >> PAGE_SHIFT;
}
