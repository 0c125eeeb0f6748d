/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large pages in programs' spaces: where they are used, and what happens to them.
 *
 * A large leaf (2 MiB) stands only in a private anonymous region, inside one region. It comes with the
 * first fault in its 2 MiB, when nothing is mapped there; small pages never become a large one later. It
 * is split when a region's end comes to lie inside of it, and when a page of it is to be copied.
 *
 * Under the shared lock an entry above the pages changes from empty to a large leaf or a table, and from a
 * large leaf to a table, and in no other direction; all of it under the table spinlock.
 */
#include "fault_impl.h"
#include "large.h"
#include "pt_impl.h"
#include <base/atomic.h>
#include <base/init.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/thp.h>

static const char *const mode_names[] = {
    [THP_ALWAYS] = "always", [THP_MADVISE] = "madvise", [THP_NEVER] = "never"};
static u32 mode = THP_ALWAYS;

int thp_set_mode(const char *name)
{
    for (u32 i = 0; i < ARRAY_SIZE(mode_names); i++)
        if (!strcmp(name, mode_names[i])) {
            atomic_store_relaxed(&mode, i);
            return 0;
        }
    return -EINVAL;
}
PARAM("thp", thp_set_mode);

enum thp_mode thp_mode(void)
{
    return atomic_load_relaxed(&mode);
}

const char *thp_mode_name(enum thp_mode m)
{
    return mode_names[m];
}

/* Code is left out: each small frame is made fit for instruction fetch when it is delivered. */
static bool wants_large(const struct region *r)
{
    if (r->pager || r->flags & (UVM_SHARED | UVM_STACK | UVM_NOHUGE) || r->prot & UVM_X)
        return false;
    enum thp_mode now = thp_mode();
    return now == THP_ALWAYS || (now == THP_MADVISE && r->flags & UVM_HUGE);
}

static bool has_room(const struct region *r, vaddr_t start)
{
    return start >= r->start && start + LARGE_SIZE <= r->end;
}

/* Puts the pages in, if nothing has come there meanwhile. Locked. */
static bool put_in(const struct fault *f, struct page *first, vaddr_t start)
{
    struct uvm *uvm = f->uvm;
    struct mmu_flush fl;
    struct pt_span span;

    if (pt_next_span(&uvm->pt, start, start + PAGE_SIZE, &span))
        return false;
    mmu_flush_begin(&fl, &uvm->pt.space); /* empty entries: nothing to flush */
    pte_t *slot = pt_slot_make(&uvm->pt, &fl, start, LARGE_LEVEL);
    if (!slot)
        return false;
    mmu_store(&fl, slot, mmu_leaf(page_to_pfn(first), region_sole_prot(f->region), LARGE_LEVEL),
              start, LARGE_LEVEL);
    table_count(slot, 1);
    large_count(&uvm->pt, 1);
    uvm->stats.resident += LARGE_PAGES;
    return true;
}

bool fault_deliver_large(const struct fault *f)
{
    vaddr_t start = ALIGN_DOWN(f->va, LARGE_SIZE);

    if (!has_room(f->region, start) || !wants_large(f->region))
        return false;
    struct page *first = large_alloc();
    if (!first)
        return false;
    if (f->lone && !uvm_is_lone(f->uvm)) {
        large_put(first); /* it has let others run, and one holds the space now: with locks, then */
        return true;
    }
    irqflags_t irq = fault_lock(f);
    bool done = put_in(f, first, start);
    fault_unlock(f, irq);
    if (!done)
        large_put(first);
    return done;
}

static int own_or_split(const struct fault *f, struct mmu_flush *fl, const struct pt_span *span)
{
    pfn_t pfn = mmu_pfn(mmu_load(span->slot));

    if (!large_is_sole(pfn_to_page(pfn))) {
        int err = pt_split_leaf(&f->uvm->pt, fl, span);
        return err ? err : -EAGAIN;
    }
    mmu_store(fl, span->slot, mmu_leaf(pfn, region_sole_prot(f->region), span->level), span->va,
              span->level);
    atomic_add_relaxed(&f->uvm->stats.cow_reused, 1);
    return 0;
}

/*
 * The flush is over before the lock goes: while another cpu remembers the large leaf, nobody puts a copy
 * in the place of one of its pages.
 */
int fault_write_large(const struct fault *f)
{
    struct uvm *uvm = f->uvm;
    struct mmu_flush fl;
    struct pt_span span;
    int err = 0;

    mmu_flush_begin(&fl, &uvm->pt.space);
    irqflags_t irq = spin_lock(&uvm->pt_lock);
    if (pt_next_span(&uvm->pt, f->va, f->va + PAGE_SIZE, &span) && span.level &&
        !mmu_permits(mmu_load(span.slot), PROT_U | f->access))
        err = own_or_split(f, &fl, &span);
    mmu_flush_end(&fl);
    spin_unlock(&uvm->pt_lock, irq);
    return err;
}

int uvm_split_straddling(struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    struct mmu_flush fl;

    mmu_flush_begin(&fl, &uvm->pt.space);
    int err = pt_split(&uvm->pt, &fl, start);
    if (!err)
        err = pt_split(&uvm->pt, &fl, end);
    mmu_flush_end(&fl);
    return err;
}
