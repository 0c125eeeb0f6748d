/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Implements <arch/mmu.h> for Sv39: entries, the funnel, the layout of the address space.
 *
 * Entry layout: privileged specification, section "Sv39: Page-Based 39-bit Virtual-Memory System",
 * figure "Sv39 page table entry".
 */
#pragma once

#include <lib/types.h>

typedef struct {
    u64 bits;
} pte_t;

#define PTE_V         BIT(0)
#define PTE_R         BIT(1)
#define PTE_W         BIT(2)
#define PTE_X         BIT(3)
#define PTE_U         BIT(4)
#define PTE_G         BIT(5)
#define PTE_A         BIT(6)
#define PTE_D         BIT(7)
#define PTE_SOFT_NONE BIT(8) /* a leaf without rights: V is clear, the frame is remembered */
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK  (((1ul << 44) - 1) << PTE_PPN_SHIFT)

/* Layout of the address space under Sv39. Root slot n covers 1 GiB. */
#define USER_TOP              (1ul << 38)
#define MMU_KERNEL_SLOT_FIRST 256
#define MMU_ENTRY_SLOT        511
#define DIRECT_BASE           0xffffffc000000000ul
#define DIRECT_SIZE           (252ul << 30)
#define DEVICE_BASE           0xffffffff00000000ul
#define DEVICE_SIZE           (1ul << 30)
#define KSTACK_BASE           0xffffffff40000000ul
#define KSTACK_SIZE           (1ul << 30)
#define IMAGE_BASE            0xffffffff80000000ul
#define ENTRY_BASE            0xffffffffc0000000ul
#define TRAMPOLINE_VA         0xfffffffffffff000ul

/* ASIDs that a hart hands out at most: enough for a pipeline, and a table of two cache lines. */
#define MMU_ASIDS_MOST 15

struct mmu_space {
    paddr_t root;
    u64 cpus;    /* two bits for each cpu: asm/spaces.h */
    bool kernel; /* the kernel's own: every cpu runs it */
    u8 asid[32]; /* by cpu; 0: none there */
};

/* What one operation has to flush. from > last: no live entry changed yet. */
struct mmu_flush {
    struct mmu_space *space;
    vaddr_t from, last; /* first and last byte of the range */
    bool tables;        /* pointer entries changed: non-leaf caches too */
    bool added;         /* kernel entries became valid */
};

static inline unsigned mmu_levels(void)
{
    return 3;
}

static inline u64 mmu_ppn_bits(pfn_t pfn)
{
    return (u64)pfn << PTE_PPN_SHIFT;
}

/* By table from protection (R W X) to bits, so that no combination is reserved: W adds R. */
static inline pte_t mmu_leaf(pfn_t pfn, prot_t prot, unsigned level)
{
    static const u8 rights[8] = {
        [PROT_NONE] = 0,
        [PROT_R] = PTE_V | PTE_R | PTE_A,
        [PROT_W] = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D,
        [PROT_R | PROT_W] = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D,
        [PROT_X] = PTE_V | PTE_X | PTE_A,
        [PROT_R | PROT_X] = PTE_V | PTE_R | PTE_X | PTE_A,
        [PROT_W | PROT_X] = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D,
        [PROT_R | PROT_W | PROT_X] = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D,
    };
    (void)level;
    u64 bits = rights[prot & 7];
    if (unlikely(!bits))
        return (pte_t){mmu_ppn_bits(pfn) | PTE_SOFT_NONE | (prot & PROT_U ? PTE_U : 0)};
    if (prot & PROT_U)
        bits |= PTE_U;
    if (prot & PROT_G)
        bits |= PTE_G;
    return (pte_t){mmu_ppn_bits(pfn) | bits};
}

static inline pte_t mmu_table(pfn_t pfn)
{
    return (pte_t){mmu_ppn_bits(pfn) | PTE_V};
}

static inline enum mmu_kind mmu_kind(pte_t pte)
{
    if (pte.bits & PTE_V)
        return pte.bits & (PTE_R | PTE_X) ? MMU_LEAF : MMU_TABLE;
    return pte.bits & PTE_SOFT_NONE ? MMU_LEAF : MMU_EMPTY;
}

static inline bool mmu_is_empty(pte_t pte)
{
    return !(pte.bits & (PTE_V | PTE_SOFT_NONE));
}

static inline pfn_t mmu_pfn(pte_t pte)
{
    return (pte.bits & PTE_PPN_MASK) >> PTE_PPN_SHIFT;
}

/* R, W, X sit one bit higher in an entry than in prot_t; U and G are shifted by one as well. */
static inline prot_t mmu_prot(pte_t pte)
{
    if (pte.bits & PTE_SOFT_NONE)
        return pte.bits & PTE_U ? PROT_U : PROT_NONE;
    return (prot_t)(pte.bits >> 1) & (PROT_R | PROT_W | PROT_X | PROT_U | PROT_G);
}

static_assert(PTE_R >> 1 == PROT_R && PTE_W >> 1 == PROT_W && PTE_X >> 1 == PROT_X,
              "mmu_prot shifts rights");
static_assert(PTE_U >> 1 == PROT_U && PTE_G >> 1 == PROT_G, "mmu_prot shifts U and G");

/* want: PROT_R, PROT_W, PROT_X and PROT_U; true if the entry grants all of them now. */
static inline bool mmu_permits(pte_t pte, prot_t want)
{
    u64 need = (u64)want << 1 | PTE_V | PTE_A | (want & PROT_W ? PTE_D : 0);
    return (pte.bits & need) == need;
}

static inline pte_t mmu_load(const pte_t *slot)
{
    return (pte_t){__atomic_load_n(&slot->bits, __ATOMIC_RELAXED)};
}

static inline void mmu_flush_begin(struct mmu_flush *fl, struct mmu_space *space)
{
    *fl = (struct mmu_flush){.space = space, .from = ~0ul};
}

static inline void mmu_flush_note(struct mmu_flush *fl, vaddr_t va, unsigned level)
{
    vaddr_t last = va + (PAGE_SIZE << (level * MMU_INDEX_BITS)) - 1;
    if (va < fl->from)
        fl->from = va;
    if (last > fl->last)
        fl->last = last;
}

static inline void mmu_store(struct mmu_flush *fl, pte_t *slot, pte_t pte, vaddr_t va,
                             unsigned level)
{
    bool live = slot->bits & PTE_V;
    __atomic_store_n(&slot->bits, pte.bits, __ATOMIC_RELEASE);
    if (live)
        mmu_flush_note(fl, va, level);
    else if (fl->space->kernel)
        fl->added = true;
}

static inline void mmu_flush_table(struct mmu_flush *fl)
{
    fl->tables = true;
}
