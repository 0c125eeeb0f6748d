/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Roots: what satp holds, whether the core has ASIDs, which trampoline fits. Which hart runs which
 * space, and who is told of changes, is in spaces.c.
 *
 * ASID 0 is the kernel's, the others are for programs. Cores without ASIDs get a full fence with every
 * write of satp (asm/entry.h: variants of the trampoline), which flushes programs' translations on
 * the way.
 */
#include <arch/boot.h>
#include <arch/mmu.h>
#include <asm/cpu.h>
#include <asm/csr.h>
#include <asm/early.h>
#include <asm/entry.h>
#include <asm/features.h>
#include <asm/fence.h>
#include <asm/spaces.h>
#include <base/init.h>
#include <base/log.h>
#include <base/percpu.h>
#include <base/sections.h>
#include <lib/errno.h>
#include <lib/string.h>

bool mmu_pti = true;
static pte_t *kernel_root;
static struct mmu_space *kernel_space;

u32 mmu_asids;

static int param_pti(const char *value)
{
    if (strcmp(value, "off") && strcmp(value, "on"))
        return -EINVAL;
    mmu_pti = strcmp(value, "off") != 0;
    return 0;
}
PARAM("pti", param_pti);

bool mmu_isolated(void)
{
    return mmu_pti;
}

static u64 satp_of(const struct mmu_space *space, u64 asid)
{
    return SATP_MODE_SV39 | asid << SATP_ASID_SHIFT | space->root >> PAGE_SHIFT;
}

/* Once for all: with what reach translations are flushed (features.c has found out what can be trusted). */
static void choose_flushes(void)
{
    if (!cpu_features.full_fences_only)
        mmu_asids = MIN((1u << cpu_features.asid_bits) - 1, (u32)MMU_ASIDS_MOST);
    log_info("mmu: Sv39, isolation %s, flush %s", mmu_pti ? "on" : "off",
             cpu_features.full_fences_only ? "all"
             : mmu_asids                   ? "page+ASID"
                                           : "page");
}

void mmu_set_kernel_space(struct mmu_space *space)
{
    kernel_space = space;
    kernel_root = (pte_t *)(DIRECT_BASE + space->root);
}

void arch_paging_done(paddr_t root)
{
    fence_all(); /* the new tables were stored: before the walker reads them */
    csr_write(satp, SATP_MODE_SV39 | root >> PAGE_SHIFT);
    fence_all();
    choose_flushes();
}

void mmu_space_init(struct mmu_space *space, pte_t *root, bool kernel)
{
    *space = (struct mmu_space){.root = (vaddr_t)root - DIRECT_BASE, .kernel = kernel};
    if (kernel)
        return;
    for (unsigned i = mmu_pti ? MMU_ENTRY_SLOT : MMU_KERNEL_SLOT_FIRST; i < MMU_ENTRIES; i++)
        root[i] = kernel_root[i];
}

void mmu_take_root(const struct mmu_space *space, u64 asid)
{
    u64 satp = satp_of(space, asid);

    this_cpu()->arch.entry->user_satp = satp;
    if (mmu_pti)
        return;
    csr_write(satp, satp);
    if (!mmu_asids)
        fence_all();
}

void mmu_leave_root(void)
{
    csr_write(satp, satp_of(kernel_space, 0));
    if (!mmu_asids)
        fence_all();
}

/* What the core remembers may be an empty entry above the leaf, which a fence by address need not drop. */
void mmu_fix_spurious(vaddr_t va)
{
    (void)va;
    fence_all();
}

void mmu_sync_kernel(void)
{
    fence_all();
}

/* Which variant of the trampoline fits, as the address inside the entry area. */
void mmu_choose_trampoline(struct entry_page *entry)
{
    char *enter = !mmu_pti    ? trampoline_enter_shared
                  : mmu_asids ? trampoline_enter_asid
                              : trampoline_enter_fence;
    char *leave = !mmu_pti    ? trampoline_leave_shared
                  : mmu_asids ? trampoline_leave_asid
                              : trampoline_leave_fence;
    entry->vector = TRAMPOLINE_VA + (u64)(enter - __trampoline_start);
    entry->leave = TRAMPOLINE_VA + (u64)(leave - __trampoline_start);
    entry->kernel_satp = satp_of(kernel_space, 0);
}

u64 mmu_kernel_satp(void)
{
    return satp_of(kernel_space, 0);
}
