/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap: a mapping shrinks, grows where it is, or moves with its pages.
 *
 * Two more things it can do: leave an empty mapping where the pages came from (DONTUNMAP), and, when
 * asked to move nothing of shared memory, map the same memory once more.
 */
#include "uvm_impl.h"
#include <lib/errno.h>

static int check_target(const struct uvm_remap *m)
{
    vaddr_t end;

    if (m->to < UVM_MIN_FIXED || uvm_check_range(m->to, m->new_len, -EINVAL, &end))
        return -EINVAL;
    bool apart = m->to >= m->old + m->old_len || m->old >= m->to + m->new_len;
    return apart ? 0 : -EINVAL;
}

static int check_remap(const struct uvm_remap *m)
{
    vaddr_t end;

    if (!m->new_len || m->new_len > USER_TOP || (m->keep && m->old_len != m->new_len) ||
        uvm_check_range(m->old, m->old_len, -EINVAL, &end))
        return -EINVAL;
    return m->fixed ? check_target(m) : 0;
}

static bool can_grow_here(const struct uvm *uvm, const struct region *r, const struct uvm_remap *m)
{
    vaddr_t end = m->old + m->old_len;

    return r->end == end && m->new_len <= USER_TOP - m->old &&
           region_is_free(uvm, end, m->old + m->new_len);
}

/* The limits, for `more` bytes of the region; -EINVAL where offsets of its pager end. */
static int may_grow(const struct uvm *uvm, const struct region *r, size_t more)
{
    u64 pages = more >> PAGE_SHIFT;

    if (r->pager && r->offset + (r->end - r->start) + more < r->offset)
        return -EINVAL;
    if (!uvm_may_lock(uvm, r->flags, pages))
        return -EAGAIN;
    return uvm_may_book(uvm, pages, r->prot, r->flags) ? 0 : -ENOMEM;
}

/* The region of the new place, not in the tree yet. */
static struct region *make_moved(const struct region *r, const struct uvm_remap *m, vaddr_t to)
{
    struct region *moved = region_copy(r);

    if (moved) {
        moved->start = to;
        moved->end = to + m->new_len;
        moved->flags &= ~(UVM_HEAP | UVM_STACK);
        if (moved->pager)
            moved->offset += m->old - r->start;
    }
    return moved;
}

static int move_pages(struct uvm *uvm, vaddr_t from, vaddr_t to, size_t len)
{
    struct pt_gather g;

    if (!len)
        return 0;
    pt_gather_begin(&g, &uvm->pt);
    int err = pt_move(&g, from, to, len);
    pt_gather_end(&g);
    return err;
}

/* What becomes of the old region, whose pages are elsewhere now. */
static void leave(struct uvm *uvm, struct region *r, const struct uvm_remap *m)
{
    if (!m->old_len)
        return; /* it is the whole mapping, and stays as it is */
    if (m->keep) {
        region_set_flags(uvm, r->start, r->end, UVM_LOCKED | UVM_ONFAULT, 0);
        return;
    }
    region_remove(uvm, r);
    region_free(r);
}

/* The target is free and the region's ends are those of what moves. */
static int move_region(struct uvm *uvm, struct region *r, const struct uvm_remap *m, vaddr_t to)
{
    struct region *moved = make_moved(r, m, to);
    int err = moved ? uvm_unmap_locked(uvm, to, to + m->new_len) : -ENOMEM;

    if (!err)
        err = move_pages(uvm, m->old, to, MIN(m->old_len, m->new_len));
    if (err) {
        if (moved)
            region_free(moved);
        return err;
    }
    leave(uvm, r, m);
    region_insert(uvm, moved);
    return 0;
}

static int move_mapping(struct uvm *uvm, struct uvm_remap *m)
{
    size_t len = MIN(m->old_len, m->new_len);
    vaddr_t to = m->fixed ? m->to : uvm_find_place(uvm, m->keep ? m->to : 0, m->new_len);
    int err = to && uvm->count < UVM_REGIONS_MAX ? 0 : -ENOMEM;

    if (!err && len)
        err = region_isolate(uvm, m->old, m->old + len);
    if (err)
        return err;
    err = move_region(uvm, region_find(uvm, m->old), m, to);
    region_merge(uvm, m->old, m->old + len);
    if (err)
        return err;
    region_merge(uvm, to, to + m->new_len);
    m->to = to;
    return 0;
}

/* Cuts off what the new size does not hold. */
static int shrink(struct uvm *uvm, struct uvm_remap *m)
{
    int err = uvm_unmap_locked(uvm, m->old + m->new_len, m->old + m->old_len);

    if (!err)
        m->old_len = m->new_len;
    return err;
}

/* Without moving: shrinks, or grows if there is room. */
static int resize_here(struct uvm *uvm, struct region *r, struct uvm_remap *m)
{
    if (m->new_len < m->old_len)
        return shrink(uvm, m);
    if (m->fixed || m->keep || !m->old_len || !can_grow_here(uvm, r, m))
        return 0;
    region_resize(uvm, r, r->start, m->old + m->new_len);
    region_merge(uvm, r->start, r->end);
    m->old_len = m->new_len;
    return 0;
}

static int remap_locked(struct uvm *uvm, struct uvm_remap *m)
{
    struct region *r = region_find(uvm, m->old);
    int err = 0;

    if (!r || r->end - m->old < m->old_len)
        return -EFAULT;
    if (!m->old_len && !(r->flags & UVM_SHARED))
        return -EINVAL;
    if (m->keep)
        err = may_grow(uvm, r, m->new_len);
    else if (m->new_len > m->old_len)
        err = may_grow(uvm, r, m->new_len - m->old_len);
    if (!err)
        err = resize_here(uvm, r, m);
    if (err)
        return err;
    if (!m->fixed && !m->keep && m->old_len == m->new_len) {
        m->to = m->old;
        return 0;
    }
    return m->may_move ? move_mapping(uvm, m) : -ENOMEM;
}

int uvm_mremap(struct uvm *uvm, struct uvm_remap *m)
{
    if (m->old_len > USER_TOP || m->new_len > USER_TOP)
        return -EINVAL;
    m->old_len = ALIGN_UP(m->old_len, PAGE_SIZE);
    m->new_len = ALIGN_UP(m->new_len, PAGE_SIZE);
    int err = check_remap(m);
    if (err)
        return err;
    rw_write_lock(&uvm->lock);
    err = remap_locked(uvm, m);
    if (!err && m->old == uvm->layout.vdso)
        uvm->layout.vdso = m->to;
    rw_write_unlock(&uvm->lock);
    return err;
}
