/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MMU boundary: what mm/ may ask of the machine's page tables.
 *
 * mm/ owns the tree: which tables exist, how they are walked, when they are freed. arch/ owns the
 * bits: how an entry is made, read and published, how a root is activated, how translations are
 * flushed. No other place knows an entry's layout.
 *
 * Sources: RISC-V privileged specification, chapter "Supervisor-Level ISA": sections "Supervisor
 * Address Translation and Protection (satp) Register", "Supervisor Memory-Management Fence
 * Instruction" (sfence.vma) and "Sv39".
 */
#pragma once

#include <lib/types.h>

struct page;

/* Rights and attributes of a mapping; mm speaks these, arch turns them into entry bits. */
typedef u32 prot_t;
#define PROT_R    BIT(0)
#define PROT_W    BIT(1) /* implies R in hardware: the constructor adds it */
#define PROT_X    BIT(2)
#define PROT_U    BIT(3) /* user mode may use it (and the kernel may not) */
#define PROT_G    BIT(4) /* the same in every address space */
#define PROT_DEV  BIT(5) /* device registers: strongly ordered, never executable */
#define PROT_NONE 0u

enum mmu_kind {
    MMU_EMPTY, /* nothing here: all bits zero as far as hardware looks */
    MMU_TABLE, /* points to a table of the next lower level */
    MMU_LEAF,  /* maps 4 KiB at level 0, 2 MiB at level 1, 1 GiB at level 2, ... */
};

#define PAGE_SHIFT     12
#define PAGE_SIZE      (1ul << PAGE_SHIFT)
#define MMU_INDEX_BITS 9
#define MMU_ENTRIES    (1u << MMU_INDEX_BITS)
#define MMU_MAX_LEVELS 5

/*
 * <asm/mmu.h> supplies
 *   pte_t                        one entry, a struct around 64 bits;
 *   struct mmu_space             what arch knows of one address space (root, cpus that know it, ASIDs);
 *   struct mmu_flush             what one operation must flush (see mmu_store);
 *   the layout of the address space: USER_TOP, DIRECT_BASE, DIRECT_SIZE, DEVICE_BASE, DEVICE_SIZE,
 *   KSTACK_BASE, KSTACK_SIZE, IMAGE_BASE, ENTRY_BASE (entry pages, ENTRY_BASE + cpu * PAGE_SIZE),
 *   TRAMPOLINE_VA, SIGCODE is arch/signal.h's; MMU_KERNEL_SLOT_FIRST (index of the first root
 *   entry of the kernel half), MMU_ENTRY_SLOT (511: root entry of the entry area);
 * and as inlines the verbs 1 to 7.
 */
#include <asm/mmu.h>

/* 1  Levels of the tree in use: 3 is Sv39. The root is at level mmu_levels() - 1. */
/* static inline unsigned mmu_levels(void); */

/*
 * 2  A leaf entry. W adds R; A and D are preset (cores need not manage them: "Addressing and Memory
 *    Protection", Svade); PROT_NONE (no R, W, X) gives an entry that maps nothing but remembers
 *    the frame: kind MMU_LEAF, hardware-invalid. level only serves assertions (alignment).
 */
/* static inline pte_t mmu_leaf(pfn_t pfn, prot_t prot, unsigned level); */

/* 3  An entry that points to a table. A, D, U and G are clear in it. */
/* static inline pte_t mmu_table(pfn_t pfn); */

/* 4  What an entry is; whether it is MMU_EMPTY, for loops over tables that mostly are. */
/* static inline enum mmu_kind mmu_kind(pte_t pte); static inline bool mmu_is_empty(pte_t pte); */

/* 5  The frame of a leaf or table. */
/* static inline pfn_t mmu_pfn(pte_t pte); */

/* 6  The rights of a leaf. mmu_permits: would hardware allow the access (R, W, X in want)? */
/* static inline prot_t mmu_prot(pte_t pte); static inline bool mmu_permits(pte_t, prot_t want); */

/* 7  Reads an entry that others may change: one atomic load. */
/* static inline pte_t mmu_load(const pte_t *slot); */

/*
 * 8  The funnel: the only way to change an entry. Publishes the new entry (release order: what it
 *    points to is visible first) and notes in fl what has to be flushed for it: nothing for
 *    user entries that were empty (a core that cached the empty entry takes a spurious fault,
 *    see mmu_fix_spurious); a range for entries that were live; for kernel entries a fence also
 *    when they were empty. va is the address that the entry maps, level its level. The caller
 *    holds the lock of the tree.
 */
static inline void mmu_store(struct mmu_flush *fl, pte_t *slot, pte_t pte, vaddr_t va,
                             unsigned level);

/* An empty entry, for mmu_store. */
#define MMU_NOTHING ((pte_t){0})

/* 9  Starts an operation on a space; nothing is allocated. */
static inline void mmu_flush_begin(struct mmu_flush *fl, struct mmu_space *space);

/*
 * 10 Ends it: when it returns, no cpu uses a translation that mmu_store replaced since
 *    mmu_flush_begin. Only then may frames and tables be freed. Cannot fail. Cpus that run the space are
 *    made to fence; others, even if they have run it before, are left alone and fence before they run it
 *    again. May be called again later in the same operation, to free in portions. Not from interrupts.
 */
void mmu_flush_end(struct mmu_flush *fl);

/* Notes that a table was unlinked: non-leaf entries may be cached too, so all of it is flushed. */
static inline void mmu_flush_table(struct mmu_flush *fl);

/*
 * 11 A new space. Fills the kernel part of an otherwise zeroed root: the entry area, or the whole
 *    kernel half when isolation is off. The kernel's own space (kvm) is made with kernel = true and
 *    gets nothing filled in. Cannot fail.
 */
void mmu_space_init(struct mmu_space *space, pte_t *root, bool kernel);

/*
 * 12 Makes a space the one that this cpu's next return to user mode enters; the kernel's
 *    space: none. The cpu is in the space's set before the first access through it, and out of the
 *    old one's. Interrupts off. Called by the scheduler only.
 */
void mmu_activate(struct mmu_space *space);

/* 13 No cpu runs the space, and none will. Before its tables are freed; costs no flush. */
void mmu_space_retire(struct mmu_space *space);

/*
 * 14 A fault on an entry that already permits the access: the core had an older entry cached
 *    (permitted by the specification, done by real cores). Fences the address on this cpu.
 */
void mmu_fix_spurious(vaddr_t va);

/* 15 Fences the kernel's part of the tree on this cpu (kvm generations). */
void mmu_sync_kernel(void);

/* 16 True when user tables hold nothing of the kernel but the entry area (pti is on). */
bool mmu_isolated(void);

/*
 * 17 Instruction fetch is not coherent with stores. mmu_code_changed: memory that was stored to is about
 *    to become executable, or was executable already. mmu_sync_code: when it returns, every cpu
 *    that runs the space fetches what was stored before the last mmu_code_changed() that the caller
 *    knows of; other cpus see to it before they run a space again. Any context but interrupts.
 */
void mmu_code_changed(void);
void mmu_sync_code(struct mmu_space *space);

/*
 * What one cpu has had to do with translations of others, and they with its. Each is changed by its own
 * cpu (received: by the others, atomically), and only ever grows.
 */
struct mmu_counters {
    u64 sent;         /* flushes for which this cpu had others fence */
    u64 asked;        /* cpus that it asked, summed over those */
    u64 received;     /* fences that others had this cpu make */
    u64 avoided;      /* cpus that knew a space which this one flushed, and were not interrupted */
    u64 pages;        /* pages flushed one by one, */
    u64 whole;        /* and whole spaces */
    u64 entry_fences; /* spaces that were fenced when this cpu took them up */
    u64 fetch_fences; /* times that this cpu had others refetch code */
};
extern struct mmu_counters mmu_counters[];

/* Gives the kernel's space, once, so that root entries can be shared; before mmu_space_init of others. */
void mmu_set_kernel_space(struct mmu_space *space);
