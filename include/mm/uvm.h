/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User address spaces.
 *
 * An address space is a tree of regions - what the program was promised - and a page table - what
 * has been delivered so far. Mapping calls only book; faults deliver. The table never holds what no
 * region covers, nor rights that its region does not give.
 *
 * Locks: one sleeping reader/writer lock per space. Whoever changes regions or takes pages away
 * holds it exclusively; faults and user copies hold it shared, and add to the page table under the
 * space's table spinlock. Order: uvm lock, then a pager's locks, then the table spinlock.
 *
 * References: every thread that can run in a space holds one, and so does everybody who looks at it
 * from outside. Lookers see what is present, under the shared lock; they fault nothing in and
 * change nothing. So whoever finds that its own reference is the only one can add to the page table
 * and copy without a lock, as long as it does not sleep: nobody else adds, and nobody takes away
 * without having waited for that (uvm_zap).
 *
 * Addresses and lengths come unchecked from programs: every function here checks them. Errors are
 * Linux's: -EINVAL (alignment, zero length, wrap, outside the user half), -ENOMEM (no room, a
 * limit, a hole where there must be none, out of memory), -EEXIST, -EACCES.
 */
#pragma once

#include <arch/mmu.h>
#include <lib/types.h>

struct fmt_sink;
struct pager;
struct uvm;

/* Rights, of regions and of accesses. The same bits as PROT_R ... of page table entries. */
#define UVM_R PROT_R
#define UVM_W PROT_W
#define UVM_X PROT_X

/* Flags of a mapping. Those that a region keeps are also what uvm_for_each_region shows. */
#define UVM_FIXED      0x0001u /* exactly at *addr; what is there is unmapped first */
#define UVM_NOREPLACE  0x0002u /* with UVM_FIXED: -EEXIST where something is there */
#define UVM_SHARED     0x0004u /* writes reach the pager and everybody else who maps it */
#define UVM_STACK      0x0008u /* grows down on faults, as far as the stack limit allows */
#define UVM_NOWRITE    0x0010u /* the file is not open for writing: shared, never writable */
#define UVM_HEAP       0x0020u /* the brk area (set by uvm_brk only) */
#define UVM_LOCKED     0x0040u /* its pages stay: mlock; those missing are delivered at once */
#define UVM_ONFAULT    0x0080u /* with UVM_LOCKED: no, when they are used */
#define UVM_NORESERVE  0x0100u /* may be larger than memory: not counted as a promise */
#define UVM_HUGE       0x0200u /* 2 MiB pages wanted (madvise) */
#define UVM_NOHUGE     0x0400u /* never 2 MiB pages */
#define UVM_DONTFORK   0x0800u /* a fork's child does not have it */
#define UVM_WIPEONFORK 0x1000u /* a fork's child has zeroes there; private and anonymous only */
#define UVM_NOEXEC     0x2000u /* the file is on a mount without programs: never executable */

/*
 * The lowest address that is handed out: a null pointer with an offset must not hit anything. Who
 * asks for an exact place may go lower, but for the first page.
 */
#define UVM_MIN       0x10000ul
#define UVM_MIN_FIXED PAGE_SIZE

/* Regions of one space at most, as Linux's vm.max_map_count. */
#define UVM_REGIONS_MAX 65530u

/* Where exec put things, for /proc/<pid>/ and for messages. Written by exec, under no lock. */
struct uvm_layout {
    vaddr_t code_start, code_end;
    vaddr_t data_start, data_end;
    vaddr_t brk_start;
    vaddr_t stack_top;
    vaddr_t arg_start, arg_end;
    vaddr_t env_start, env_end;
    vaddr_t auxv_start, auxv_end;
    vaddr_t vdso; /* follows its page when mremap moves that */
};

/* Limits in bytes (RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_MEMLOCK); ~0 is none. */
struct uvm_limits {
    u64 as, data, stack, memlock;
};

/* Sizes in pages. */
struct uvm_stats {
    u64 total;    /* booked */
    u64 data;     /* private, writable, not stack */
    u64 stack;    /* stack regions */
    u64 text;     /* executable */
    u64 shared;   /* booked as shared */
    u64 locked;   /* booked as locked */
    u64 resident; /* present in the page table */
    u64 tables;   /* frames of the page table */
    u64 peak_total, peak_resident;
    u64 spurious, cow_copied, cow_reused; /* faults */
};

/* One region, as uvm_for_each_region shows it. */
struct uvm_region_info {
    vaddr_t start, end;
    unsigned prot;       /* UVM_R | UVM_W | UVM_X */
    unsigned flags;      /* UVM_SHARED, UVM_STACK, ...: what the region keeps */
    struct pager *pager; /* NULL: anonymous */
    u64 offset;          /* bytes into the pager, 0 for anonymous memory */
};

/* An empty address space with one reference, or NULL when out of memory. */
struct uvm *uvm_create(void);
void uvm_get(struct uvm *uvm);
/* Whether others hold it beside the caller. One that runs in it alone cannot get it wrong. */
bool uvm_is_shared(const struct uvm *uvm);
/* Drops a reference; the last one frees everything. May sleep. Not while active on this cpu. */
void uvm_put(struct uvm *uvm);

/*
 * A copy of the whole space; private pages are shared copy-on-write. 0 or -ENOMEM, with nothing
 * changed but rights that the next fault gives back.
 */
int uvm_fork(struct uvm *parent, struct uvm **child);

/*
 * Makes `uvm` (NULL: none, the kernel's own table) the space of this cpu, with this_cpu()->uvm.
 * Called by the scheduler and by exec, interrupts off.
 */
void uvm_activate(struct uvm *uvm);

/*
 * Books [*addr, *addr + len) with the rights `prot`, backed by `pager` from byte `offset` (a
 * multiple of 4 KiB) on, or by zeroes when pager is NULL. len is rounded up to pages. Without
 * UVM_FIXED *addr is a hint, 0 for none, and receives the place. A reference on the pager is
 * taken for the region. -EINVAL, -ENOMEM, -EEXIST, -EACCES (writable and shared with
 * UVM_NOWRITE).
 */
int uvm_map(struct uvm *uvm, vaddr_t *addr, size_t len, unsigned prot, unsigned flags,
            struct pager *pager, u64 offset);

/*
 * Whether a promise of that many pages is one that memory could keep at all: less than all of RAM, or
 * uvm_overcommit says that everything is promised (Linux's vm.overcommit_memory 0 and 1). uvm_map and
 * its like ask for private writable memory without UVM_NORESERVE; shared anonymous memory is the
 * caller's to ask for.
 */
enum { UVM_OVERCOMMIT_USUAL, UVM_OVERCOMMIT_ALWAYS };
extern u32 uvm_overcommit;
bool uvm_may_promise(u64 pages);

/* Pages that all spaces together have been promised (Committed_AS). */
u64 uvm_committed(void);

/* As munmap(2): holes are fine. -EINVAL, -ENOMEM. */
int uvm_unmap(struct uvm *uvm, vaddr_t addr, size_t len);

/*
 * As shmdt(2): unmaps every piece that is left of the mapping which began at `addr` with the first
 * byte of a pager that ours() knows; it is called under the lock and must not sleep. -EINVAL: there
 * is none.
 */
int uvm_detach(struct uvm *uvm, vaddr_t addr, bool (*ours)(const struct pager *pager));

/* As mprotect(2): -ENOMEM where a hole is met (what lies before it has been changed), -EACCES. */
int uvm_protect(struct uvm *uvm, vaddr_t addr, size_t len, unsigned prot);

/* The program has written code: instruction fetch in this space sees it from here on, on every cpu. */
void uvm_sync_code(struct uvm *uvm);

/*
 * As madvise(MADV_DONTNEED): drops what is mapped; anonymous memory is zero again, a private
 * file's contents are the file's again. -EINVAL (alignment, locked), -ENOMEM (a hole; all the rest
 * has been dropped).
 */
#define UVM_DISCARD_LOCKED  0x1u /* also what is locked (MADV_DONTNEED_LOCKED) */
#define UVM_DISCARD_ANON    0x2u /* -EINVAL for what is not private and anonymous (MADV_FREE) */
#define UVM_DISCARD_NOTHING 0x4u /* only the checks (MADV_COLD, MADV_PAGEOUT) */
int uvm_discard(struct uvm *uvm, vaddr_t addr, size_t len, unsigned what);

/*
 * Takes pages [first, end) of a pager out of all spaces that map them, for they are gone from the
 * file: who touches them again asks the pager. copies: a private mapping's own copies go too (the file
 * has become shorter), or they stay (a hole in it). settle() returns when code that ran in the kernel
 * before, on any cpu, has come to its end or slept. Sleeps; no uvm lock is held.
 */
void uvm_zap(struct pager *pager, u64 first, u64 end, bool copies, void (*settle)(void));

/*
 * Takes the flags `clear` from all regions in the range and gives them `set`: UVM_DONTFORK,
 * UVM_WIPEONFORK, UVM_HUGE, UVM_NOHUGE. Neither: only the checks. -EINVAL (WIPEONFORK for what is
 * not private and anonymous), -ENOMEM (a hole; all the rest is done), -EAGAIN (out of memory).
 */
int uvm_advise(struct uvm *uvm, vaddr_t addr, size_t len, unsigned clear, unsigned set);

/*
 * Locks or unlocks: `flags` is UVM_LOCKED, the same with UVM_ONFAULT, or 0. Books only: for what is not
 * ONFAULT the caller then calls uvm_populate(). -EPERM (RLIMIT_MEMLOCK is 0), -ENOMEM (more than
 * that, or a hole; what lies before it has been changed), -EINVAL.
 */
int uvm_lock(struct uvm *uvm, vaddr_t addr, size_t len, unsigned flags);

/* The same for all regions that there are (*now; NULL: they stay as they are) and those to come. */
int uvm_lock_all(struct uvm *uvm, const unsigned *now, unsigned future);

/* Whether the page at va is locked and to be there at once: mmap, brk and mremap ask and populate. */
bool uvm_is_locked(struct uvm *uvm, vaddr_t va);

/*
 * Delivers the pages of [start, end) as an access (UVM_R, UVM_W) would, in a space that the caller
 * runs in. -ENOMEM (a hole, out of memory), -EINVAL (the rights do not allow it), -EFAULT (behind the
 * end of a file), -EINTR when stop() (may be NULL) says so before a page. Access 0 is as mlock does it:
 * private pages become the mapping's own, holes and UVM_ONFAULT are skipped, -EFAULT without rights.
 */
int uvm_populate(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned access, bool (*stop)(void));

/*
 * As mincore(2): out[i] says whether the i-th page from `start` on is in memory, mapped or in its
 * file's cache. The range lies in the user half. -ENOMEM (a hole).
 */
int uvm_mincore(struct uvm *uvm, vaddr_t start, size_t pages, u8 *out);

/* Below which stack and mappings lie, instead of USER_TOP; by exec, once, before it maps. */
void uvm_set_top(struct uvm *uvm, vaddr_t top);
/* Where brk(2) starts; by exec, once. */
void uvm_set_brk(struct uvm *uvm, vaddr_t start);
/* As brk(2): returns the break after the call, moved or not. */
vaddr_t uvm_brk(struct uvm *uvm, vaddr_t new_break);

/* What mremap(2) is asked for; lengths are rounded up to pages. */
struct uvm_remap {
    vaddr_t old;
    size_t old_len, new_len; /* old_len 0: shared memory is mapped once more */
    bool may_move;
    bool fixed; /* to `to`, what is there is unmapped first; with may_move */
    bool keep;  /* DONTUNMAP: the old place stays mapped, empty; with may_move, sizes equal */
    vaddr_t to; /* a hint with `keep`; receives the place */
};

/*
 * As mremap(2). -EFAULT (nothing mapped there, or not in one piece), -EINVAL, -ENOMEM, -EAGAIN (more
 * locked memory than RLIMIT_MEMLOCK allows). The struct may have changed.
 */
int uvm_mremap(struct uvm *uvm, struct uvm_remap *m);

void uvm_set_limits(struct uvm *uvm, const struct uvm_limits *limits);

/*
 * A user access (one of UVM_R, UVM_W, UVM_X) to `va` faulted. 0: try again (delivered, or
 * spurious: a stale translation was flushed). -EFAULT: nothing is mapped there; -EACCES: the
 * rights forbid it; -EIO: behind the end of the file; -ENOMEM. Sleeps.
 */
int uvm_fault(struct uvm *uvm, vaddr_t va, unsigned access);

/* Faults served on each cpu, of user accesses and of user copies; those that only fenced. Never lowered. */
struct uvm_fault_counters {
    u64 faults, spurious;
};
extern struct uvm_fault_counters uvm_faults[];

/*
 * In words what lies at `va`, for the line that says why a program died: "nothing mapped", "guard
 * below the stack", "read-only data of /bin/x", ... Returns buf.
 */
const char *uvm_describe(struct uvm *uvm, vaddr_t va, char *buf, size_t len);

/* The record that exec fills in. */
struct uvm_layout *uvm_layout(struct uvm *uvm);

void uvm_stats(struct uvm *uvm, struct uvm_stats *out);

/* Pages that it takes now, tables included, without a lock: a figure to compare. */
u64 uvm_footprint(const struct uvm *uvm);

/*
 * Calls fn for each region in ascending order, under the lock (shared): fn must not touch user
 * memory nor this uvm. A nonzero result ends the loop and is returned.
 */
int uvm_for_each_region(struct uvm *uvm, int (*fn)(void *ctx, const struct uvm_region_info *info),
                        void *ctx);

/*
 * The first region that ends behind `va`; false when there is none. out->pager is not held: only
 * for whoever runs in the space alone.
 */
bool uvm_next_region(struct uvm *uvm, vaddr_t va, struct uvm_region_info *out);

/* Prints the page table: levels indented, ranges merged, rights, sizes. */
void uvm_dump(struct uvm *uvm, struct fmt_sink *sink);

/*
 * Walks the page tables of all spaces: every table has one parent and kind PAGE_TABLE; every leaf
 * is covered by a region, grants nothing that the region does not, and maps a frame of user kind;
 * every anonymous frame has exactly as many references as entries, a file's at least as many.
 * NULL, or what is wrong (and logged where). Exact only while no program runs.
 */
const char *uvm_check_all(void);
