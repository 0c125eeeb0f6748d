/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking away a mapping that is known by where it began alone, as shmdt(2) knows it: whatever
 * munmap, mprotect and mremap have left of it, in as many pieces.
 */
#include "uvm_impl.h"
#include <lib/errno.h>
#include <mm/pager.h>

/* Whether the region is a piece of a mapping of `pager` that began at `addr`, at the pager's start. */
static bool is_piece(const struct region *r, vaddr_t addr, const struct pager *pager)
{
    return r->pager == pager && r->start - r->offset == addr;
}

/* The first piece that is left, or NULL. */
static struct region *first_piece(const struct uvm *uvm, vaddr_t addr,
                                  bool (*ours)(const struct pager *pager))
{
    struct region *r = region_from(uvm, addr);

    while (r && !(r->pager && is_piece(r, addr, r->pager) && ours(r->pager)))
        r = region_next(r);
    return r;
}

static int detach_locked(struct uvm *uvm, struct region *r, vaddr_t addr)
{
    const struct pager *pager = r->pager;
    int err = 0;

    while (r && !err) {
        struct region *next = region_next(r);
        if (is_piece(r, addr, pager))
            err = uvm_unmap_locked(uvm, r->start, r->end);
        r = next;
    }
    return err;
}

int uvm_detach(struct uvm *uvm, vaddr_t addr, bool (*ours)(const struct pager *pager))
{
    rw_write_lock(&uvm->lock);
    struct region *first = first_piece(uvm, addr, ours);
    int err = first ? detach_locked(uvm, first, addr) : -EINVAL;
    rw_write_unlock(&uvm->lock);
    return err;
}
