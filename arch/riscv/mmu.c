/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Roots, ASIDs and flushes: the part of the MMU boundary that is not bits of an entry.
 *
 * ASID 0 is the kernel's. Every hart uses one other, ASID 1, for whatever program it runs: entering
 * another space on a hart drops what the hart cached under it. That needs no allocation and no
 * generations, and costs nothing where programs do not alternate. Cores without ASIDs get a full fence
 * with every write of satp (asm/entry.h: variants of the trampoline), which flushes programs'
 * translations on the way.
 *
 * A space's set of cpus holds exactly the harts that may have translations of it cached. A hart enters
 * the set before its first access through the space (mmu_activate) and leaves when it
 * has flushed what it cached (when it takes up another space). Both happen with interrupts off.
 */
#include <arch/boot.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <asm/cpu.h>
#include <asm/csr.h>
#include <asm/early.h>
#include <asm/entry.h>
#include <asm/features.h>
#include <asm/sbi.h>
#include <asm/smp.h>
#include <base/atomic.h>
#include <base/init.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/sections.h>
#include <base/spinlock.h>
#include <lib/errno.h>
#include <lib/string.h>

#define USER_ASID 1

/*
 * Beyond this many pages one fence of the whole space is cheaper than one per page. A guess until
 * there is silicon to measure: Linux uses 64.
 */
#define FLUSH_PAGES_MOST 64

static bool pti = true;
static bool has_asid;
static pte_t *kernel_root;
static struct mmu_space *kernel_space;

/*
 * Whose translations a hart may have cached under USER_ASID. The lock lets mmu_space_retire() take a
 * dead space out of another hart's slot; the hart itself holds it only to change the slot.
 */
static struct {
    struct spinlock lock;
    struct mmu_space *space;
} cached[CPU_MAX];

static int param_pti(const char *value)
{
    if (strcmp(value, "off") && strcmp(value, "on"))
        return -EINVAL;
    pti = strcmp(value, "off") != 0;
    return 0;
}
PARAM("pti", param_pti);

bool mmu_isolated(void)
{
    return pti;
}

static void fence_all(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

/* Everything under one ASID but global entries; needs cores whose selective fences work. */
static void fence_asid(u64 asid)
{
    if (cpu_features.full_fences_only)
        fence_all();
    else
        __asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

/* One page in every address space, global or not. */
static void fence_page(vaddr_t va)
{
    if (cpu_features.full_fences_only)
        fence_all();
    else
        __asm__ volatile("sfence.vma %0" : : "r"(va) : "memory");
}

static u64 satp_of(const struct mmu_space *space, u64 asid)
{
    return SATP_MODE_SV39 | (has_asid ? asid << SATP_ASID_SHIFT : 0) | space->root >> PAGE_SHIFT;
}

/* Once for all: with what reach translations are flushed (features.c has found out what can be trusted). */
static void choose_flushes(void)
{
    has_asid = cpu_features.asid_bits && !cpu_features.full_fences_only;
    log_info("mmu: Sv39, isolation %s, flush %s", pti ? "on" : "off",
             cpu_features.full_fences_only ? "all"
             : has_asid                    ? "page+ASID"
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
    for (unsigned i = pti ? MMU_ENTRY_SLOT : MMU_KERNEL_SLOT_FIRST; i < MMU_ENTRIES; i++)
        root[i] = kernel_root[i];
}

static void set_cached(u32 cpu, struct mmu_space *space)
{
    u32 bit = 1u << cpu;
    spin_lock_nested(&cached[cpu].lock);
    if (cached[cpu].space)
        atomic_fetch_and(&cached[cpu].space->cpus, ~bit);
    cached[cpu].space = space;
    if (space)
        atomic_fetch_or(&space->cpus, bit);
    spin_unlock_nested(&cached[cpu].lock);
}

/* With pti=off a hart may stand on a program's root while in the kernel: takes it off. */
static void leave_user_root(void)
{
    if (!pti)
        csr_write(satp, satp_of(kernel_space, 0));
}

/*
 * This hart takes up another space under USER_ASID, and forgets what it cached of the old one. For an
 * ASID that is used again the fence has to stand where satp holds another one, and the next satp with it
 * has to bring the new root (privileged specification, "Supervisor Memory-Management Fence
 * Instruction"): else the walker could cache more of the old root behind the fence.
 */
static void change_cached(struct mmu_space *space)
{
    leave_user_root();
    set_cached(cpu_id(), space);
    /* The set must be seen by whoever changes entries before we read any through the new root. */
    atomic_fence();
    if (has_asid)
        fence_asid(USER_ASID);
}

void mmu_activate(struct mmu_space *space)
{
    struct arch_cpu *arch = &this_cpu()->arch;
    if (!space->kernel) {
        if (cached[cpu_id()].space != space)
            change_cached(space);
        arch->entry->user_satp = satp_of(space, USER_ASID);
    }
    if (pti)
        return;
    csr_write(satp, satp_of(space, space->kernel ? 0 : USER_ASID));
    if (!has_asid)
        fence_all();
}

static void flush_whole(struct mmu_space *space)
{
    struct mmu_flush fl = {.space = space, .from = ~0ul, .tables = true};
    mmu_flush_end(&fl);
}

void mmu_space_retire(struct mmu_space *space)
{
    irqflags_t flags = arch_irq_save();
    if (!pti && cached[cpu_id()].space == space) {
        leave_user_root();
        fence_all();
    }
    flush_whole(space);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (READ_ONCE(cached[cpu].space) == space) {
            spin_lock_nested(&cached[cpu].lock);
            if (cached[cpu].space == space)
                cached[cpu].space = NULL;
            spin_unlock_nested(&cached[cpu].lock);
        }
    arch_irq_restore(flags);
}

static size_t flush_pages(const struct mmu_flush *fl)
{
    return fl->from <= fl->last ? ((fl->last - fl->from) >> PAGE_SHIFT) + 1 : 0;
}

static bool whole_space(const struct mmu_flush *fl)
{
    return fl->tables || flush_pages(fl) > FLUSH_PAGES_MOST;
}

static void fence_range(const struct mmu_flush *fl)
{
    for (vaddr_t va = fl->from; va <= fl->last && va >= fl->from; va += PAGE_SIZE)
        fence_page(va);
}

static void flush_others(const struct mmu_flush *fl, u32 cpus)
{
    if (whole_space(fl))
        smp_fence(cpus, sbi_remote_sfence, 0, ~0ul);
    else if (flush_pages(fl))
        smp_fence(cpus, sbi_remote_sfence, fl->from, flush_pages(fl) * PAGE_SIZE);
}

/*
 * On a core without ASIDs that runs on the kernel's root now, nothing needs to be fenced here: the way
 * back to user mode writes satp and fences everything.
 */
static void flush_user(const struct mmu_flush *fl)
{
    u32 self = 1u << cpu_id();
    u32 cpus = atomic_load_relaxed(&fl->space->cpus);
    if (cpus & self && (has_asid || !pti)) {
        if (whole_space(fl))
            fence_asid(has_asid ? USER_ASID : 0);
        else
            fence_range(fl);
    }
    if (unlikely(cpus & ~self))
        flush_others(fl, cpus & ~self);
}

/* Other cpus hear of new entries by the kernel's generation (mm/kvm.c), of changed ones here. */
static void flush_kernel(const struct mmu_flush *fl)
{
    if (fl->added || whole_space(fl))
        fence_all();
    else
        fence_range(fl);
    flush_others(fl, cpu_online_set() & ~(1u << cpu_id()));
}

/* The thread stays on its cpu meanwhile: kernel code is not preempted. */
void mmu_flush_end(struct mmu_flush *fl)
{
    if (fl->from > fl->last && !fl->tables && !fl->added)
        return;
    atomic_fence(); /* the stores come before the set is read (mmu_activate has the other half) */
    if (fl->space->kernel)
        flush_kernel(fl);
    else
        flush_user(fl);
    mmu_flush_begin(fl, fl->space);
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
    char *enter = !pti       ? trampoline_enter_shared
                  : has_asid ? trampoline_enter_asid
                             : trampoline_enter_fence;
    char *leave = !pti       ? trampoline_leave_shared
                  : has_asid ? trampoline_leave_asid
                             : trampoline_leave_fence;
    entry->vector = TRAMPOLINE_VA + (u64)(enter - __trampoline_start);
    entry->leave = TRAMPOLINE_VA + (u64)(leave - __trampoline_start);
    entry->kernel_satp = satp_of(kernel_space, 0);
}

u64 mmu_kernel_satp(void)
{
    return satp_of(kernel_space, 0);
}
