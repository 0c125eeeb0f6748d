/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The heap's moving end: brk.
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
    unsigned flags = UVM_HEAP | uvm->future;

    if (r && r->flags == flags && r->end == start && r->prot == (UVM_R | UVM_W)) {
        region_resize(uvm, r, r->start, end);
        return 0;
    }
    const struct region model = {.start = start, .end = end, .prot = UVM_R | UVM_W, .flags = flags};
    r = uvm->count < UVM_REGIONS_MAX ? region_copy(&model) : NULL;
    if (!r)
        return -ENOMEM;
    region_insert(uvm, r);
    return 0;
}

static int grow_heap(struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    u64 pages = (end - start) >> PAGE_SHIFT;

    if (!region_is_free(uvm, start, end) || !uvm_may_book(uvm, pages, UVM_R | UVM_W, UVM_HEAP) ||
        !uvm_may_lock(uvm, uvm->future, pages))
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
