/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advice: what madvise can ask of regions - to remember something, or to drop what they hold.
 *
 * As on Linux, a hole does not end a call: what lies behind it is advised too, and the answer is
 * -ENOMEM. A region that may not be advised so does end it.
 */
#include "uvm_impl.h"
#include <lib/errno.h>

static bool is_anonymous(const struct region *r)
{
    return !r->pager && !(r->flags & UVM_SHARED);
}

/* Where the first region of [start, end) begins that `refuses` (NULL: none does); `end` if none. */
static vaddr_t refused_at(const struct uvm *uvm, vaddr_t start, vaddr_t end,
                          bool (*refuses)(const struct region *r, unsigned what), unsigned what)
{
    for (struct region *r = region_from(uvm, start); r && r->start < end; r = region_next(r))
        if (refuses(r, what))
            return MAX(r->start, start);
    return end;
}

/* --- to remember --- */

static bool cannot_have(const struct region *r, unsigned set)
{
    return (set & UVM_WIPEONFORK) && !is_anonymous(r);
}

static int advise(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned clear, unsigned set)
{
    vaddr_t stop = refused_at(uvm, start, end, cannot_have, set);

    if (stop > start && region_isolate(uvm, start, stop))
        return -EAGAIN; /* as Linux says it: -ENOMEM is the word for a hole */
    region_set_flags(uvm, start, stop, clear, set);
    region_merge(uvm, start, stop);
    if (set & UVM_DONTFORK)
        uvm->dontfork = true;
    if (stop < end)
        return -EINVAL;
    return region_hole(uvm, start, end) < end ? -ENOMEM : 0;
}

int uvm_advise(struct uvm *uvm, vaddr_t addr, size_t len, unsigned clear, unsigned set)
{
    vaddr_t end;
    int err = uvm_check_range(addr, len, -ENOMEM, &end);

    if (err || end == addr)
        return err;
    rw_write_lock(&uvm->lock);
    err = advise(uvm, addr, end, clear, set);
    rw_write_unlock(&uvm->lock);
    return err;
}

/* --- to drop --- */

static bool keeps_pages(const struct region *r, unsigned what)
{
    if ((r->flags & UVM_LOCKED) && !(what & UVM_DISCARD_LOCKED))
        return true;
    return (what & UVM_DISCARD_ANON) && !is_anonymous(r);
}

static int discard(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned what)
{
    vaddr_t stop = refused_at(uvm, start, end, keeps_pages, what);

    if (!(what & UVM_DISCARD_NOTHING)) {
        int err = uvm_split_leaves(uvm, start, stop);
        if (err)
            return err;
        uvm_drop_pages(uvm, region_from(uvm, start), start, stop);
    }
    if (stop < end)
        return -EINVAL;
    return region_hole(uvm, start, end) < end ? -ENOMEM : 0;
}

int uvm_discard(struct uvm *uvm, vaddr_t addr, size_t len, unsigned what)
{
    vaddr_t end;
    int err = uvm_check_range(addr, len, -ENOMEM, &end);

    if (err || end == addr)
        return err;
    rw_write_lock(&uvm->lock);
    err = discard(uvm, addr, end, what);
    rw_write_unlock(&uvm->lock);
    return err;
}
