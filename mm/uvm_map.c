/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Booking: mmap, munmap, mprotect and the choice of places.
 *
 * Each call checks everything, then reserves what it needs (a region, the splits at both ends),
 * then acts and cannot fail half way.
 */
#include "uvm_impl.h"
#include <lib/errno.h>
#include <mm/pager.h>

/* Room for the stack to grow, and some more, is left above what mmap hands out. */
#define STACK_ROOM_MIN (128 * MiB)
#define STACK_ROOM_MAX (USER_TOP / 6 * 4)

static vaddr_t mmap_limit(const struct uvm *uvm)
{
    u64 room = uvm->limits.stack;

    room = MAX(room, STACK_ROOM_MIN);
    room = MIN(room, STACK_ROOM_MAX);
    return ALIGN_DOWN(uvm->top - room - UVM_STACK_GUARD, PAGE_SIZE);
}

vaddr_t uvm_find_place(const struct uvm *uvm, vaddr_t hint, size_t len)
{
    vaddr_t place = ALIGN_UP(hint, PAGE_SIZE);

    if (place >= UVM_MIN && place < USER_TOP && len <= USER_TOP - place &&
        region_is_free(uvm, place, place + len))
        return place;
    place = region_find_gap(uvm, len, mmap_limit(uvm));
    return place ? place : region_find_gap(uvm, len, USER_TOP);
}

/* Whether `more` pages fit on top of `booked` under a limit in bytes. */
static bool fits(u64 booked, u64 more, u64 limit)
{
    u64 max = limit >> PAGE_SHIFT;

    return more <= max && booked <= max - more;
}

/* Promises of this size nobody need think about. */
#define SMALL_PROMISE (4 * MiB / PAGE_SIZE)

/* Whether a promise of private writable memory is one that memory could keep. */
static bool can_be_kept(unsigned flags, u64 pages)
{
    return pages <= SMALL_PROMISE || flags & UVM_NORESERVE || uvm_may_promise(pages);
}

bool uvm_may_book(const struct uvm *uvm, u64 pages, unsigned prot, unsigned flags)
{
    bool data = region_is_data(prot, flags);

    return fits(uvm->stats.total, pages, uvm->limits.as) &&
           (!data || fits(uvm->stats.data, pages, uvm->limits.data)) &&
           (!data || can_be_kept(flags, pages));
}

bool uvm_locks_fit(const struct uvm *uvm, u64 pages)
{
    return fits(uvm->stats.locked, pages, uvm->limits.memlock);
}

int uvm_check_range(vaddr_t addr, size_t len, int too_far, vaddr_t *end)
{
    size_t rounded = ALIGN_UP(len, PAGE_SIZE);

    if (!is_aligned(addr, PAGE_SIZE))
        return -EINVAL;
    if (rounded < len || addr > USER_TOP || rounded > USER_TOP - addr)
        return too_far;
    *end = addr + rounded;
    return 0;
}

/* Pages booked in [start, end), and how many of them are data. */
static u64 booked_in(const struct uvm *uvm, vaddr_t start, vaddr_t end, u64 *data)
{
    u64 pages = 0;

    *data = 0;
    for (struct region *r = region_from(uvm, start); r && r->start < end; r = region_next(r)) {
        u64 n = (MIN(r->end, end) - MAX(r->start, start)) >> PAGE_SHIFT;
        pages += n;
        if (region_is_data(r->prot, r->flags))
            *data += n;
    }
    return pages;
}

/* A request to map, checked. */
struct booking {
    vaddr_t addr;
    size_t len; /* whole pages */
    unsigned prot, flags;
    struct pager *pager;
    u64 offset;
};

/* What is replaced does not count against the limits. */
static bool may_replace(const struct uvm *uvm, const struct booking *b)
{
    u64 pages = b->len >> PAGE_SHIFT;
    bool data = region_is_data(b->prot, b->flags);
    u64 data_freed;
    u64 freed = booked_in(uvm, b->addr, b->addr + b->len, &data_freed);

    return fits(uvm->stats.total - freed, pages, uvm->limits.as) &&
           (!data || fits(uvm->stats.data - data_freed, pages, uvm->limits.data)) &&
           (!data || can_be_kept(b->flags, pages));
}

void uvm_drop_pages(struct uvm *uvm, struct region *r, vaddr_t start, vaddr_t end)
{
    struct pt_gather g;

    uvm_note_peak(uvm);
    pt_gather_begin(&g, &uvm->pt);
    g.yields = true;
    for (; r && r->start < end; r = region_next(r))
        uvm->stats.resident -= pt_unmap(&g, MAX(r->start, start), MIN(r->end, end), PT_PUT_FRAMES);
    pt_gather_end(&g);
}

int uvm_unmap_locked(struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    int err = region_isolate(uvm, start, end);

    if (err)
        return err;
    struct region *next = region_from(uvm, start);
    if (!next || next->start >= end)
        return 0;
    uvm_drop_pages(uvm, next, start, end);
    for (struct region *r; (r = next) && r->start < end;) {
        next = region_next(r);
        region_remove(uvm, r);
        region_free(r);
    }
    return 0;
}

int uvm_unmap(struct uvm *uvm, vaddr_t addr, size_t len)
{
    vaddr_t end;
    int err = len ? uvm_check_range(addr, len, -EINVAL, &end) : -EINVAL;

    if (err)
        return err;
    rw_write_lock(&uvm->lock);
    err = uvm_unmap_locked(uvm, addr, end);
    rw_write_unlock(&uvm->lock);
    return err;
}

static int check_fixed(const struct booking *b)
{
    if (!is_aligned(b->addr, PAGE_SIZE))
        return -EINVAL;
    if (b->addr > USER_TOP || b->len > USER_TOP - b->addr)
        return -ENOMEM;
    return b->addr < UVM_MIN_FIXED ? -EPERM : 0;
}

static int check_booking(struct booking *b)
{
    if (!b->len || !is_aligned(b->offset, PAGE_SIZE))
        return -EINVAL;
    b->len = ALIGN_UP(b->len, PAGE_SIZE);
    if (!b->len || b->len > USER_TOP - UVM_MIN)
        return -ENOMEM;
    if (b->pager && b->offset + b->len < b->offset)
        return -EOVERFLOW;
    if (!b->pager)
        b->offset = 0;
    if ((b->flags & UVM_SHARED) && (b->flags & UVM_NOWRITE) && (b->prot & UVM_W))
        return -EACCES;
    return b->flags & UVM_FIXED ? check_fixed(b) : 0;
}

/* Decides the place. 0 or -ENOMEM, -EEXIST. */
static int place_booking(const struct uvm *uvm, struct booking *b)
{
    if (!(b->flags & UVM_FIXED)) {
        b->addr = uvm_find_place(uvm, b->addr, b->len);
        return b->addr ? 0 : -ENOMEM;
    }
    struct region *r = region_from(uvm, b->addr);
    if ((b->flags & UVM_NOREPLACE) && r && r->start < b->addr + b->len)
        return -EEXIST;
    return 0;
}

static struct region *make_region(const struct booking *b)
{
    const struct region model = {
        .start = b->addr,
        .end = b->addr + b->len,
        .prot = b->prot,
        .flags = b->flags & REGION_FLAGS,
        .pager = b->pager,
        .offset = b->offset,
    };
    return region_copy(&model);
}

/* RLIMIT_MEMLOCK: -EPERM for who asks for locked memory and may have none, else -EAGAIN. */
static int check_lock(const struct uvm *uvm, const struct booking *b)
{
    if ((b->flags & UVM_LOCKED) && !uvm->limits.memlock)
        return -EPERM;
    return uvm_may_lock(uvm, b->flags | uvm->future, b->len >> PAGE_SHIFT) ? 0 : -EAGAIN;
}

static int map_locked(struct uvm *uvm, struct booking *b)
{
    int err = check_lock(uvm, b);

    if (!err)
        err = place_booking(uvm, b);
    if (err)
        return err;
    b->flags |= uvm->future;
    if (uvm->count >= UVM_REGIONS_MAX || !may_replace(uvm, b))
        return -ENOMEM;
    struct region *r = make_region(b);
    if (!r)
        return -ENOMEM;
    err = uvm_unmap_locked(uvm, b->addr, b->addr + b->len);
    if (err) {
        region_free(r);
        return err;
    }
    region_insert(uvm, r);
    region_merge(uvm, b->addr, b->addr + b->len);
    return 0;
}

int uvm_map(struct uvm *uvm, vaddr_t *addr, size_t len, unsigned prot, unsigned flags,
            struct pager *pager, u64 offset)
{
    struct booking b = {*addr, len, prot, flags, pager, offset};
    int err = check_booking(&b);

    if (err)
        return err;
    rw_write_lock(&uvm->lock);
    err = map_locked(uvm, &b);
    rw_write_unlock(&uvm->lock);
    if (!err)
        *addr = b.addr;
    return err;
}

/* Gives one region, which lies wholly in the range, other rights. */
static void protect_region(struct uvm *uvm, struct mmu_flush *fl, struct region *r, unsigned prot)
{
    if (r->prot == prot)
        return;
    region_set_prot(uvm, r, prot);
    pt_protect(&uvm->pt, fl, r->start, r->end, region_entry_prot(r), region_sole_prot(r));
}

/* 0, -EACCES (the file is not open for writing, or on a noexec mount), -ENOMEM (becoming writable is a promise too). */
static int may_have(const struct region *r, unsigned prot)
{
    if (prot & UVM_X && r->flags & UVM_NOEXEC)
        return -EACCES;
    if (!(prot & UVM_W) || r->prot & UVM_W)
        return 0;
    if (r->flags & UVM_SHARED)
        return r->flags & UVM_NOWRITE ? -EACCES : 0;
    return can_be_kept(r->flags, (r->end - r->start) >> PAGE_SHIFT) ? 0 : -ENOMEM;
}

/* As far as regions follow each other without a hole and may have the rights. */
static int protect_regions(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned prot)
{
    struct region *r = region_from(uvm, start);
    struct mmu_flush fl;
    int err = 0;

    mmu_flush_begin(&fl, &uvm->pt.space);
    for (vaddr_t at = start; at < end && !err; r = region_next(r)) {
        if (!r || r->start > at) {
            err = -ENOMEM;
            break;
        }
        err = may_have(r, prot);
        if (!err)
            protect_region(uvm, &fl, r, prot);
        at = r->end;
    }
    mmu_flush_end(&fl);
    return err;
}

int uvm_protect(struct uvm *uvm, vaddr_t addr, size_t len, unsigned prot)
{
    vaddr_t end;
    int err = uvm_check_range(addr, len, -ENOMEM, &end);

    if (err || end == addr)
        return err;
    rw_write_lock(&uvm->lock);
    err = region_isolate(uvm, addr, end);
    if (!err) {
        err = protect_regions(uvm, addr, end, prot);
        region_merge(uvm, addr, end);
    }
    rw_write_unlock(&uvm->lock);
    if (prot & UVM_X)
        uvm_sync_code(uvm);
    return err;
}
