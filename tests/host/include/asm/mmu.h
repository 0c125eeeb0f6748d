/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Implements <arch/mmu.h> for host tests: a machine that is none of the real ones. Entries are laid
 * out unlike RISC-V's, the number of levels can be chosen, and translations are cached
 * (tests/host/softmmu.c) - empty entries and pointers to tables as well - until they are flushed.
 */
#pragma once

#include <asm/directmap.h>
#include <lib/types.h>

typedef struct {
    u64 bits; /* pfn << 12 | SOFT_LEAF, SOFT_TABLE | rights */
} pte_t;

#define SOFT_LEAF  0x800ul
#define SOFT_TABLE 0x400ul
#define SOFT_PROT  0x3ful

#define USER_TOP              (1ul << 38)
#define MMU_KERNEL_SLOT_FIRST 256
#define MMU_ENTRY_SLOT        511
#define DEVICE_BASE           0xffffffff00000000ul
#define DEVICE_SIZE           (1ul << 30)
#define KSTACK_BASE           0xffffffff40000000ul
#define KSTACK_SIZE           (1ul << 30)
#define IMAGE_BASE            0xffffffff80000000ul
#define ENTRY_BASE            0xffffffffc0000000ul
#define TRAMPOLINE_VA         0xfffffffffffff000ul

struct mmu_space {
    pte_t *root;
    bool kernel;
    bool retired;
};

struct mmu_flush {
    struct mmu_space *space;
    vaddr_t from, last; /* of the range; from > last: nothing */
    bool tables;
    bool added;
};

/* Chosen by softmmu_reset(). */
extern unsigned softmmu_levels;

static inline unsigned mmu_levels(void)
{
    return softmmu_levels;
}

static inline pte_t mmu_leaf(pfn_t pfn, prot_t prot, unsigned level)
{
    (void)level;
    if (prot & PROT_W)
        prot |= PROT_R;
    return (pte_t){pfn << 12 | SOFT_LEAF | (prot & SOFT_PROT)};
}

static inline pte_t mmu_table(pfn_t pfn)
{
    return (pte_t){pfn << 12 | SOFT_TABLE};
}

static inline enum mmu_kind mmu_kind(pte_t pte)
{
    return pte.bits & SOFT_LEAF ? MMU_LEAF : pte.bits & SOFT_TABLE ? MMU_TABLE : MMU_EMPTY;
}

static inline bool mmu_is_empty(pte_t pte)
{
    return mmu_kind(pte) == MMU_EMPTY;
}

static inline pfn_t mmu_pfn(pte_t pte)
{
    return pte.bits >> 12;
}

static inline prot_t mmu_prot(pte_t pte)
{
    return (prot_t)(pte.bits & SOFT_PROT);
}

static inline bool mmu_permits(pte_t pte, prot_t want)
{
    return (pte.bits & SOFT_LEAF) && (pte.bits & want) == want;
}

static inline pte_t mmu_load(const pte_t *slot)
{
    return (pte_t){__atomic_load_n(&slot->bits, __ATOMIC_RELAXED)};
}

static inline void mmu_flush_begin(struct mmu_flush *fl, struct mmu_space *space)
{
    *fl = (struct mmu_flush){.space = space, .from = ~0ul};
}

static inline void mmu_store(struct mmu_flush *fl, pte_t *slot, pte_t pte, vaddr_t va,
                             unsigned level)
{
    vaddr_t last = va + (PAGE_SIZE << (level * MMU_INDEX_BITS)) - 1;
    bool live = slot->bits != 0;

    __atomic_store_n(&slot->bits, pte.bits, __ATOMIC_RELEASE);
    if (live) {
        fl->from = MIN(fl->from, va);
        fl->last = MAX(fl->last, last);
    } else if (fl->space->kernel) {
        fl->added = true;
    }
}

static inline void mmu_flush_table(struct mmu_flush *fl)
{
    fl->tables = true;
}
