/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locked memory: mlock and mlockall.
 *
 * Nothing is ever swapped out, so a lock promises two things: pages are there before they are used
 * (uvm_populate(), by the caller, after the lock of the space is released), and calls that drop
 * pages refuse to. What is locked is booked like everything else, and RLIMIT_MEMLOCK is about the
 * booking. A lock does not nest, and ends with munlock, munmap, exec; fork's child has none.
 */
#include "uvm_impl.h"
#include <lib/errno.h>

/* Locked pages booked in [start, end). */
static u64 locked_in(const struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    u64 pages = 0;

    for (struct region *r = region_from(uvm, start); r && r->start < end; r = region_next(r))
        if (r->flags & UVM_LOCKED)
            pages += (MIN(r->end, end) - MAX(r->start, start)) >> PAGE_SHIFT;
    return pages;
}

/* 0, -EPERM (the limit is 0), -ENOMEM. What is locked there already does not count. */
static int check_limit(const struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned flags)
{
    u64 pages = (end - start) >> PAGE_SHIFT;

    if (!(flags & UVM_LOCKED))
        return 0;
    if (!uvm->limits.memlock)
        return -EPERM;
    if (uvm_may_lock(uvm, flags, pages))
        return 0;
    return uvm_may_lock(uvm, flags, pages - locked_in(uvm, start, end)) ? 0 : -ENOMEM;
}

static int lock_range(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned flags)
{
    int err = check_limit(uvm, start, end, flags);

    if (!err)
        err = region_isolate(uvm, start, end);
    if (err)
        return err;
    vaddr_t hole = region_hole(uvm, start, end);
    region_set_flags(uvm, start, hole, UVM_LOCKED | UVM_ONFAULT, flags);
    region_merge(uvm, start, end);
    return hole < end ? -ENOMEM : 0;
}

int uvm_lock(struct uvm *uvm, vaddr_t addr, size_t len, unsigned flags)
{
    vaddr_t end;
    int err = uvm_check_range(addr, len, -ENOMEM, &end);

    if (err || end == addr)
        return err;
    rw_write_lock(&uvm->lock);
    err = lock_range(uvm, addr, end, flags);
    rw_write_unlock(&uvm->lock);
    return err;
}

static int lock_all(struct uvm *uvm, const unsigned *now, unsigned future)
{
    u64 max = uvm->limits.memlock >> PAGE_SHIFT;
    bool locks = (now && *now) || future;

    if (locks && !uvm->limits.memlock)
        return -EPERM;
    if (now && *now && uvm->stats.total > max)
        return -ENOMEM;
    uvm->future = future;
    if (now) {
        region_set_flags(uvm, 0, USER_TOP, UVM_LOCKED | UVM_ONFAULT, *now);
        region_merge(uvm, PAGE_SIZE, USER_TOP);
    }
    return 0;
}

int uvm_lock_all(struct uvm *uvm, const unsigned *now, unsigned future)
{
    rw_write_lock(&uvm->lock);
    int err = lock_all(uvm, now, future);
    rw_write_unlock(&uvm->lock);
    return err;
}
