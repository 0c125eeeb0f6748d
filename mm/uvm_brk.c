/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving ends: brk and mremap.
 */
#include "uvm_impl.h"
#include <lib/errno.h>

void uvm_set_brk(struct uvm *uvm, vaddr_t start)
{
    rw_write_lock(&uvm->lock);
    uvm->brk_start = start;
    uvm->brk = start;
    uvm->layout.brk_start = start;
    rw_write_unlock(&uvm->lock);
}

/* Books [start, end) as heap: the region that ends there grows, or there is a new one. */
static int book_heap(struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    struct region *r = region_find(uvm, start - 1);

    if (r && (r->flags & UVM_HEAP) && r->end == start && r->prot == (UVM_R | UVM_W)) {
        region_resize(uvm, r, r->start, end);
        return 0;
    }
    const struct region model = {
        .start = start, .end = end, .prot = UVM_R | UVM_W, .flags = UVM_HEAP};
    r = uvm->count < UVM_REGIONS_MAX ? region_copy(&model) : NULL;
    if (!r)
        return -ENOMEM;
    region_insert(uvm, r);
    return 0;
}

static int grow_heap(struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    if (!region_is_free(uvm, start, end) || !uvm_may_book(uvm, (end - start) >> PAGE_SHIFT, true))
        return -ENOMEM;
    return book_heap(uvm, start, end);
}

static int move_brk(struct uvm *uvm, vaddr_t new_break)
{
    vaddr_t old_end = ALIGN_UP(uvm->brk, PAGE_SIZE);
    vaddr_t new_end = ALIGN_UP(new_break, PAGE_SIZE);

    if (new_break < uvm->brk_start || new_break > USER_TOP - PAGE_SIZE)
        return -ENOMEM;
    if (new_end < old_end)
        return uvm_unmap_locked(uvm, new_end, old_end);
    return new_end > old_end ? grow_heap(uvm, old_end, new_end) : 0;
}

vaddr_t uvm_brk(struct uvm *uvm, vaddr_t new_break)
{
    rw_write_lock(&uvm->lock);
    if (move_brk(uvm, new_break) == 0)
        uvm->brk = new_break;
    vaddr_t now = uvm->brk;
    rw_write_unlock(&uvm->lock);
    return now;
}

/* --- mremap ----------------------------------------------------------------------------------- */

struct remap {
    vaddr_t old, to; /* to: 0 unless the caller chose */
    size_t old_len, new_len;
    bool may_move;
};

static int check_remap(const struct remap *m)
{
    vaddr_t end;

    if (!m->old_len || !m->new_len || m->new_len > USER_TOP ||
        uvm_check_range(m->old, m->old_len, -EINVAL, &end))
        return -EINVAL;
    if (!m->to)
        return 0;
    if (!m->may_move || m->to < UVM_MIN || uvm_check_range(m->to, m->new_len, -EINVAL, &end))
        return -EINVAL;
    bool apart = m->to >= m->old + m->old_len || m->old >= m->to + m->new_len;
    return apart ? 0 : -EINVAL;
}

static bool can_grow_here(const struct uvm *uvm, const struct region *r, const struct remap *m)
{
    vaddr_t end = m->old + m->old_len;

    return r->end == end && m->new_len <= USER_TOP - m->old &&
           region_is_free(uvm, end, m->old + m->new_len);
}

/* The region of the new place, not in the tree yet. */
static struct region *make_moved(const struct region *r, const struct remap *m, vaddr_t to)
{
    struct region *moved = region_copy(r);

    if (moved) {
        moved->start = to;
        moved->end = to + m->new_len;
        moved->flags &= ~(UVM_HEAP | UVM_STACK);
    }
    return moved;
}

/* Exchanges a region for its moved self, and takes the pages along. */
static int move_region(struct uvm *uvm, struct region *r, struct region *moved, size_t len)
{
    struct pt_gather g;

    pt_gather_begin(&g, &uvm->pt);
    int err = pt_move(&g, r->start, moved->start, len);
    pt_gather_end(&g);
    if (err) {
        region_free(moved);
        return err;
    }
    region_remove(uvm, r);
    region_free(r);
    region_insert(uvm, moved);
    return 0;
}

static int move_mapping(struct uvm *uvm, const struct remap *m, vaddr_t *out)
{
    size_t len = MIN(m->old_len, m->new_len);
    vaddr_t to = m->to ? m->to : uvm_find_place(uvm, 0, m->new_len);
    int err = to ? region_isolate(uvm, m->old, m->old + len) : -ENOMEM;

    if (err)
        return err;
    struct region *r = region_find(uvm, m->old);
    struct region *moved = make_moved(r, m, to);
    err = moved ? uvm_unmap_locked(uvm, to, to + m->new_len) : -ENOMEM;
    if (err && moved)
        region_free(moved);
    if (!err)
        err = move_region(uvm, r, moved, len);
    region_merge(uvm, m->old, m->old + len);
    if (err)
        return err;
    region_merge(uvm, to, to + m->new_len);
    *out = to;
    return 0;
}

static int remap_locked(struct uvm *uvm, struct remap *m, vaddr_t *out)
{
    struct region *r = region_find(uvm, m->old);
    vaddr_t old_end = m->old + m->old_len;

    if (!r || r->end < old_end)
        return -EFAULT;
    if (m->new_len > m->old_len && !uvm_may_book(uvm, (m->new_len - m->old_len) >> PAGE_SHIFT,
                                                 region_is_data(r->prot, r->flags)))
        return -ENOMEM;
    if (m->new_len < m->old_len) {
        int err = uvm_unmap_locked(uvm, m->old + m->new_len, old_end);
        if (err)
            return err;
        m->old_len = m->new_len;
    } else if (!m->to && can_grow_here(uvm, r, m)) {
        region_resize(uvm, r, r->start, m->old + m->new_len);
        region_merge(uvm, r->start, r->end);
        m->old_len = m->new_len;
    }
    *out = m->old;
    if (!m->to && m->old_len == m->new_len)
        return 0;
    return m->may_move ? move_mapping(uvm, m, out) : -ENOMEM;
}

int uvm_mremap(struct uvm *uvm, vaddr_t old, size_t old_len, size_t new_len, bool may_move,
               vaddr_t new_addr, vaddr_t *out)
{
    struct remap m = {.old = old,
                      .to = new_addr,
                      .old_len = ALIGN_UP(old_len, PAGE_SIZE),
                      .new_len = ALIGN_UP(new_len, PAGE_SIZE),
                      .may_move = may_move};
    int err = check_remap(&m);

    if (err)
        return err;
    rw_write_lock(&uvm->lock);
    err = remap_locked(uvm, &m, out);
    if (!err && old == uvm->layout.vdso)
        uvm->layout.vdso = *out;
    rw_write_unlock(&uvm->lock);
    return err;
}
