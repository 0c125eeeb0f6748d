/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking away from all spaces what maps a part of a file that is gone.
 *
 * A file does not know who maps it, only in how many regions; the spaces are looked through, one after
 * the other. Truncation is rare, and of a file that somebody has mapped rarer, so this may cost something,
 * and faults nothing.
 *
 * It is the one case in which somebody from outside takes pages away from a space, which its only
 * thread, while it is the only holder, changes without a lock. The reference that is held here ends that
 * for what begins later, and settle() waits for what has begun.
 */
#include "uvm_impl.h"
#include <base/percpu.h>
#include <base/wait.h>
#include <mm/page.h>
#include <mm/pager.h>

/* What is to go. */
struct zap {
    const struct pager *pager;
    u64 first, end; /* pages of the pager */
    bool copies;    /* private copies of them, too */
};

/* The addresses at which the region shows what is to go; false: nowhere. */
static bool range_in(const struct region *r, const struct zap *z, vaddr_t *start, vaddr_t *end)
{
    u64 first = r->offset >> PAGE_SHIFT;
    u64 pages = (r->end - r->start) >> PAGE_SHIFT;

    if (r->pager != z->pager || z->end <= first || z->first >= first + pages)
        return false;
    *start = r->start + (MAX(z->first, first) - first) * PAGE_SIZE;
    *end = r->start + (MIN(z->end, first + pages) - first) * PAGE_SIZE;
    return true;
}

/* Those of a private mapping that still are the file's own. */
static size_t unmap_uncopied(struct pt_gather *g, vaddr_t start, vaddr_t end)
{
    size_t pages = 0;

    for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
        pte_t pte = pt_lookup(g->pt, va, NULL);

        if (mmu_kind(pte) != MMU_EMPTY && pfn_to_page(mmu_pfn(pte))->kind == PAGE_FILE)
            pages += pt_unmap(g, va, va + PAGE_SIZE, PT_PUT_FRAMES);
        yield_point();
    }
    return pages;
}

static void zap_region(struct uvm *uvm, const struct region *r, const struct zap *z)
{
    struct pt_gather g;
    vaddr_t start, end;

    if (!range_in(r, z, &start, &end))
        return;
    pt_gather_begin(&g, &uvm->pt);
    uvm->stats.resident -= z->copies || r->flags & UVM_SHARED
                               ? pt_unmap(&g, start, end, PT_PUT_FRAMES)
                               : unmap_uncopied(&g, start, end);
    pt_gather_end(&g);
}

static bool maps(struct uvm *uvm, const struct zap *z)
{
    vaddr_t start, end;
    bool found = false;

    rw_read_lock(&uvm->lock);
    for (struct region *r = region_from(uvm, 0); r && !found; r = region_next(r))
        found = range_in(r, z, &start, &end);
    rw_read_unlock(&uvm->lock);
    return found;
}

static void zap_space(struct uvm *uvm, const struct zap *z)
{
    rw_write_lock(&uvm->lock);
    uvm_note_peak(uvm);
    for (struct region *r = region_from(uvm, 0); r; r = region_next(r))
        zap_region(uvm, r, z);
    rw_write_unlock(&uvm->lock);
}

void uvm_zap(struct pager *pager, u64 first, u64 end, bool copies, void (*settle)(void))
{
    const struct zap z = {.pager = pager, .first = first, .end = end, .copies = copies};
    struct uvm *uvm = NULL;

    if (!atomic_load_acquire(&pager->mappings))
        return;
    while ((uvm = uvm_next_space(uvm))) {
        if (!maps(uvm, &z))
            continue;
        if (uvm != this_cpu()->uvm) /* in its own, the caller knows that it does not */
            settle();
        zap_space(uvm, &z);
    }
}
