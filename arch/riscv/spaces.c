/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who runs which address space, and who must be told of a change: ASIDs, flushes, shootdowns.
 *
 * Every hart hands out ASIDs of its own (0 is the kernel's); a space may have another one on each
 * hart, or none. Translations stay cached when a hart leaves a space, under that ASID. A change of
 * the space interrupts the harts that run it, and takes the LAZY bit from those that only remember:
 * they fence when they come back (asm/spaces.h).
 *
 * A hart's table is changed by the hart itself, with interrupts off, and by mmu_space_retire(), which
 * takes a dead space out of it: both under the hart's lock, a leaf. Invariant: LAZY(hart) is set in a
 * space only while the hart has an ASID for it.
 */
#include <arch/irq.h>
#include <arch/mmu.h>
#include <asm/fence.h>
#include <asm/sbi.h>
#include <asm/smp.h>
#include <asm/spaces.h>
#include <base/atomic.h>
#include <base/percpu.h>
#include <base/spinlock.h>
#include <lib/bits.h>

/*
 * Beyond this many pages one fence of the whole space is cheaper than one per page. A guess until
 * there is silicon to measure: Linux uses 64. (OpenSBI makes a full fence of every range that is
 * longer than a page.)
 */
#define FLUSH_PAGES_MOST 64

static struct hart {
    struct spinlock lock;    /* of asids[] */
    u32 last;                /* the ASID given out last */
    struct mmu_space *space; /* the program's that this hart runs now, NULL: none */
    struct mmu_space *asids[MMU_ASIDS_MOST + 1];
} __aligned(64) harts[CPU_MAX];

struct mmu_counters mmu_counters[CPU_MAX] __aligned(64);

static_assert(CPU_MAX <= ARRAY_SIZE(((struct mmu_space *)0)->asid) && CPU_MAX <= 32,
              "a space has room for every cpu");

void spaces_init_cpu(void)
{
    spin_init(&harts[cpu_id()].lock, "asids");
}

static inline struct mmu_counters *counters(void)
{
    return &mmu_counters[cpu_id()];
}

/* --- taking up and giving up --------------------------------------------------------------------- */

/* The victim forgets us last: then it may be freed (mmu_space_retire). */
static void evict(struct mmu_space *victim, u32 cpu)
{
    if (!victim)
        return;
    space_forget(&victim->cpus, cpu);
    atomic_store_release(&victim->asid[cpu], 0);
}

/*
 * The next ASID in turn; 0 where there are none. What is cached under it is the victim's: the space
 * comes without LAZY, so it will be fenced, while satp holds another ASID (privileged specification, as
 * above: an ASID that is used again).
 */
static __noinline u32 give_asid(struct hart *hart, struct mmu_space *space, u32 cpu)
{
    if (!mmu_asids)
        return 0;
    u32 asid = hart->last % mmu_asids + 1;

    spin_lock_nested(&hart->lock);
    evict(hart->asids[asid], cpu);
    hart->asids[asid] = space;
    hart->last = asid;
    spin_unlock_nested(&hart->lock);
    space->asid[cpu] = (u8)asid;
    return asid;
}

/* Without ASIDs the way to the new root fences. */
static __noinline void fence_old(u32 asid)
{
    if (!mmu_asids)
        return;
    fence_asid(asid);
    counters()->entry_fences++;
}

/*
 * The bit is seen by whoever changes entries before we read any through the new root: that is the
 * fence between the two. mmu_flush_end() has the other half.
 */
static inline void enter(struct hart *hart, struct mmu_space *space, u32 cpu)
{
    u32 asid = space->asid[cpu];

    if (unlikely(!asid))
        asid = give_asid(hart, space, cpu);
    hart->space = space;
    u64 before = space_enter(&space->cpus, cpu);
    atomic_fence();
    if (unlikely(!(before & SPACE_LAZY(cpu))))
        fence_old(asid);
    icache_catch_up(cpu);
    mmu_take_root(space, asid);
}

/* Without ASIDs nothing stays: the way into the kernel, or off the root, has fenced. */
static inline void leave(struct hart *hart, u32 cpu)
{
    struct mmu_space *space = hart->space;

    if (unlikely(!mmu_pti))
        mmu_leave_root();
    space_leave(&space->cpus, cpu, mmu_asids > 0);
    hart->space = NULL;
}

void mmu_activate(struct mmu_space *space)
{
    u32 cpu = cpu_id();
    struct hart *hart = &harts[cpu];

    if (hart->space)
        leave(hart, cpu);
    if (!space->kernel)
        enter(hart, space, cpu);
}

/* Harts may keep what they have cached of it: it lies under ASIDs that are fenced before their next use. */
void mmu_space_retire(struct mmu_space *space)
{
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        if (!atomic_load_acquire(&space->asid[cpu]))
            continue;
        irqflags_t irq = spin_lock(&harts[cpu].lock);
        u32 asid = space->asid[cpu];
        if (asid)
            harts[cpu].asids[asid] = NULL;
        spin_unlock(&harts[cpu].lock, irq);
    }
}

/* --- flushing ------------------------------------------------------------------------------------ */

#define WHOLE (~0ul)

/* Pages to be fenced one by one, or WHOLE; 0: kernel entries were added and no others changed. */
static size_t extent(const struct mmu_flush *fl)
{
    if (fl->tables)
        return WHOLE;
    if (fl->from > fl->last)
        return 0;
    size_t pages = ((fl->last - fl->from) >> PAGE_SHIFT) + 1;
    return pages > FLUSH_PAGES_MOST ? WHOLE : pages;
}

/* Counted here for them: firmware does it behind their kernel's back. */
static void count_received(u32 cpus)
{
    for (; cpus; cpus &= cpus - 1)
        atomic_add_relaxed(&mmu_counters[bits_lowest(cpus)].received, 1);
}

static __noinline void flush_others(vaddr_t from, size_t pages, u32 cpus)
{
    if (!cpus || !pages)
        return;
    if (pages == WHOLE)
        smp_fence(cpus, sbi_remote_sfence, 0, ~0ul);
    else
        smp_fence(cpus, sbi_remote_sfence, from, pages * PAGE_SIZE);
    counters()->sent++;
    counters()->asked += bits_count(cpus);
    count_received(cpus);
}

/* In every space. */
static __noinline void fence_everywhere(vaddr_t va, size_t pages)
{
    if (pages == WHOLE) {
        fence_all();
        return;
    }
    for (; pages; pages--, va += PAGE_SIZE)
        fence_page(va);
}

/* With isolation and without ASIDs: the way back to user mode writes satp and fences everything. */
static inline void flush_here(vaddr_t va, size_t pages, u64 asid)
{
    if (unlikely(!mmu_asids)) {
        if (!mmu_pti)
            fence_everywhere(va, pages);
    } else if (pages == WHOLE) {
        fence_asid(asid);
    } else {
        for (; pages; pages--, va += PAGE_SIZE)
            fence_asid_page(asid, va);
    }
}

static __noinline void count_avoided(u64 lazy)
{
    counters()->avoided += bits_count(lazy);
}

static inline void flush_user(struct mmu_space *space, vaddr_t from, size_t pages)
{
    u32 cpu = cpu_id();
    u64 cpus = space_expire(&space->cpus);
    u32 others = (u32)cpus & ~(1u << cpu);

    if ((u32)cpus != others)
        flush_here(from, pages, space->asid[cpu]);
    if (unlikely(cpus & SPACE_ALL_LAZY))
        count_avoided(cpus & SPACE_ALL_LAZY);
    if (unlikely(others))
        flush_others(from, pages, others);
}

/* Other cpus hear of new entries by the kernel's generation (mm/kvm.c), of changed ones here. */
static void flush_kernel(vaddr_t from, size_t pages, bool added)
{
    fence_everywhere(from, added ? WHOLE : pages);
    flush_others(from, pages, cpu_online_set() & ~(1u << cpu_id()));
}

static __noinline void flush(struct mmu_flush *fl)
{
    size_t pages = extent(fl);

    atomic_fence(); /* the stores come before the word is read: enter() has the other half */
    if (unlikely(pages == WHOLE))
        counters()->whole++;
    else
        counters()->pages += pages;
    if (unlikely(fl->space->kernel))
        flush_kernel(fl->from, pages, fl->added);
    else
        flush_user(fl->space, fl->from, pages);
    mmu_flush_begin(fl, fl->space);
}

/* The thread stays on its cpu meanwhile: kernel code is not preempted. */
void mmu_flush_end(struct mmu_flush *fl)
{
    if (fl->from <= fl->last || fl->tables || fl->added)
        flush(fl);
}
