/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is there, and making it be there before it is used: mincore, and the second half of mlock,
 * MAP_POPULATE and madvise(MADV_POPULATE_*).
 *
 * Pages come by ordinary faults, one after the other. The lock is taken for each and not for all:
 * other threads may change the regions meanwhile, and what they have unmapped is theirs to explain.
 */
#include "uvm_impl.h"
#include <base/wait.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/pager.h>

/* Pages of a pager that are asked for at a time. */
#define PEEK_PAGES 16u

/* Whether the table permits the access already. */
static bool is_there(struct uvm *uvm, vaddr_t va, unsigned access)
{
    bool lone = uvm_is_lone(uvm);

    if (!lone)
        rw_read_lock(&uvm->lock);
    bool there = mmu_permits(pt_lookup(&uvm->pt, va, NULL), PROT_U | access);
    if (!lone)
        rw_read_unlock(&uvm->lock);
    return there;
}

static int fill(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned access, bool (*stop)(void))
{
    int err = 0;

    for (vaddr_t va = start; va < end && !err; va += PAGE_SIZE) {
        yield_point();
        if (stop && stop())
            return -EINTR;
        if (!is_there(uvm, va, access))
            err = uvm_fault(uvm, va, access);
    }
    return err == -ENOMEM || !err ? err : -EFAULT;
}

/* How a region is touched that is not told how: private ones get pages of their own. 0: not at all. */
static unsigned usual_access(const struct uvm_region_info *r)
{
    if ((r->prot & UVM_W) && !(r->flags & UVM_SHARED))
        return UVM_W;
    return r->prot & (UVM_R | UVM_W) ? UVM_R : r->prot & UVM_X;
}

static int fill_region(struct uvm *uvm, const struct uvm_region_info *r, vaddr_t start, vaddr_t end,
                       unsigned access, bool (*stop)(void))
{
    if (!access && (r->flags & UVM_LOCKED) && (r->flags & UVM_ONFAULT))
        return 0;
    if (access && !(r->prot & access))
        return -EINVAL;
    if (!access)
        access = usual_access(r);
    return access ? fill(uvm, start, end, access, stop) : -EFAULT;
}

int uvm_populate(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned access, bool (*stop)(void))
{
    struct uvm_region_info r;
    int err = 0;

    while (start < end && !err) {
        bool found = uvm_next_region(uvm, start, &r) && r.start < end;
        if (access && (!found || r.start > start))
            return -ENOMEM;
        if (!found)
            return 0;
        err = fill_region(uvm, &r, MAX(start, r.start), MIN(end, r.end), access, stop);
        start = r.end;
    }
    return err;
}

bool uvm_is_locked(struct uvm *uvm, vaddr_t va)
{
    struct uvm_region_info r;

    if (!READ_ONCE(uvm->stats.locked) || !uvm_next_region(uvm, va, &r) || r.start > va)
        return false;
    return (r.flags & UVM_LOCKED) && !(r.flags & UVM_ONFAULT);
}

/* --- mincore --- */

/* Marks what the table maps of [start, end); out[0] is the page at start. */
static void mark_mapped(const struct uvm *uvm, vaddr_t start, vaddr_t end, u8 *out)
{
    struct pt_span span;

    for (vaddr_t va = start; pt_next_span(&uvm->pt, va, end, &span); va = pt_span_end(&span)) {
        for (unsigned i = 0; i < span.count; i++) {
            vaddr_t at = span.va + i * pt_entry_size(span.level);
            vaddr_t to = MIN(at + pt_entry_size(span.level), end);

            if (mmu_kind(mmu_load(span.slot + i)) == MMU_EMPTY)
                continue;
            at = MAX(at, start);
            memset(out + ((at - start) >> PAGE_SHIFT), 1, (to - at) >> PAGE_SHIFT);
        }
    }
}

/* Marks what the file has in memory. */
static void mark_cached(const struct region *r, vaddr_t start, vaddr_t end, u8 *out)
{
    struct page *pages[PEEK_PAGES];
    u64 n = (end - start) >> PAGE_SHIFT;

    for (u64 at = 0; at < n; at += PEEK_PAGES) {
        unsigned part = (unsigned)MIN(n - at, PEEK_PAGES);

        r->pager->ops->peek(r->pager, region_index(r, start) + at, part, pages);
        for (unsigned i = 0; i < part; i++) {
            if (!pages[i])
                continue;
            out[at + i] = 1;
            page_put(pages[i]);
        }
    }
}

static int mark_range(const struct uvm *uvm, vaddr_t start, vaddr_t end, u8 *out)
{
    vaddr_t at = start;

    for (struct region *r = region_from(uvm, start); at < end; r = region_next(r)) {
        if (!r || r->start > at)
            return -ENOMEM;
        vaddr_t to = MIN(r->end, end);
        mark_mapped(uvm, at, to, out + ((at - start) >> PAGE_SHIFT));
        if (r->pager && r->pager->ops->peek)
            mark_cached(r, at, to, out + ((at - start) >> PAGE_SHIFT));
        at = to;
    }
    return 0;
}

int uvm_mincore(struct uvm *uvm, vaddr_t start, size_t pages, u8 *out)
{
    memset(out, 0, pages);
    rw_read_lock(&uvm->lock);
    int err = mark_range(uvm, start, start + pages * PAGE_SIZE, out);
    rw_read_unlock(&uvm->lock);
    return err;
}
