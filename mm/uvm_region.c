/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions: a red-black tree by address, augmented with the largest gap of each subtree, so that
 * both "who owns this address" and "where is room" take logarithmic time.
 *
 * A gap is counted in the region above it; what lies above the last region is looked at apart. The
 * gap below a stack is shorter by its guard. All changes of bounds come through here and
 * keep gaps and accounts right.
 */
#include "uvm_impl.h"
#include <lib/errno.h>
#include <mm/pager.h>
#include <mm/slab.h>

static SLAB_CACHE(region_cache, "region", sizeof(struct region), 8);

static struct region *of(struct rb_node *node)
{
    return node ? rb_entry(node, struct region, node) : NULL;
}

struct region *region_next(const struct region *r)
{
    return of(rb_next(&r->node));
}

struct region *region_prev(const struct region *r)
{
    return of(rb_prev(&r->node));
}

struct region *region_alloc(void)
{
    return slab_alloc(&region_cache);
}

/* Whether writes through the region may reach the pager, now or after mprotect. */
static bool may_write_back(const struct region *r)
{
    return (r->flags & UVM_SHARED) && !(r->flags & UVM_NOWRITE);
}

static void hold_pager(const struct region *r)
{
    if (r->pager->ops->hold)
        r->pager->ops->hold(r->pager);
    atomic_add_relaxed(&r->pager->mappings, 1);
    if (may_write_back(r))
        pager_count_writers(r->pager, 1);
}

static void put_pager(const struct region *r)
{
    if (may_write_back(r))
        pager_count_writers(r->pager, -1);
    atomic_fetch_sub(&r->pager->mappings, 1);
    pager_put(r->pager);
}

void region_free(struct region *r)
{
    if (r->pager)
        put_pager(r);
    slab_free(&region_cache, r);
}

struct region *region_copy(const struct region *r)
{
    struct region *copy = region_alloc();

    if (!copy)
        return NULL;
    *copy = *r;
    if (copy->pager)
        hold_pager(copy);
    return copy;
}

/* --- look-ups --------------------------------------------------------------------------------- */

struct region *region_from(const struct uvm *uvm, vaddr_t va)
{
    struct region *best = NULL;

    for (struct region *r = of(uvm->regions.root); r;) {
        if (va < r->end) {
            best = r;
            r = of(r->node.left);
        } else {
            r = of(r->node.right);
        }
    }
    return best;
}

struct region *region_find(struct uvm *uvm, vaddr_t va)
{
    struct region *r = READ_ONCE(uvm->hit);

    if (likely(r && va - r->start < r->end - r->start))
        return r;
    r = region_from(uvm, va);
    if (!r || va < r->start)
        return NULL;
    WRITE_ONCE(uvm->hit, r);
    return r;
}

vaddr_t region_hole(const struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    for (struct region *r = region_from(uvm, start); start < end; r = region_next(r)) {
        if (!r || r->start > start)
            return start;
        start = r->end;
    }
    return end;
}

/* --- gaps ------------------------------------------------------------------------------------- */

static size_t max_gap_of(const struct rb_node *node)
{
    return node ? rb_entry(node, struct region, node)->max_gap : 0;
}

static bool update_max_gap(struct rb_node *node)
{
    struct region *r = of(node);
    size_t below = MAX(max_gap_of(node->left), max_gap_of(node->right));
    size_t max = MAX(r->gap, below);
    bool changed = max != r->max_gap;

    r->max_gap = max;
    return changed;
}

/* How far down the region reaches as far as others are concerned. */
static vaddr_t claimed_start(const struct region *r)
{
    if (!(r->flags & UVM_STACK))
        return r->start;
    return r->start > UVM_STACK_GUARD ? r->start - UVM_STACK_GUARD : 0;
}

static size_t gap_below(const struct region *r)
{
    const struct region *prev = region_prev(r);
    vaddr_t floor = prev ? MAX(prev->end, UVM_MIN) : UVM_MIN;
    vaddr_t top = claimed_start(r);

    return top > floor ? top - floor : 0;
}

static void refresh_gap(struct uvm *uvm, struct region *r)
{
    if (!r)
        return;
    r->gap = gap_below(r);
    rb_update(&uvm->regions, &r->node);
}

/* The highest place in one gap, [floor, top), cut at the limit. */
static vaddr_t place_in(vaddr_t floor, vaddr_t top, size_t len, vaddr_t limit)
{
    top = MIN(top, limit);
    return top > floor && top - floor >= len ? top - len : 0;
}

/*
 * The highest gap first. Only along the limit can a subtree disappoint that promised enough room,
 * so the work stays logarithmic.
 */
static vaddr_t find_gap_in(const struct rb_node *node, size_t len, vaddr_t limit)
{
    if (max_gap_of(node) < len)
        return 0;
    const struct region *r = rb_entry(node, struct region, node);
    vaddr_t top = claimed_start(r);
    vaddr_t place = 0;

    if (r->end < limit)
        place = find_gap_in(node->right, len, limit);
    if (!place)
        place = place_in(top - r->gap, top, len, limit);
    return place ? place : find_gap_in(node->left, len, limit);
}

vaddr_t region_find_gap(const struct uvm *uvm, size_t len, vaddr_t limit)
{
    struct region *last = of(rb_last(&uvm->regions));
    vaddr_t place = place_in(last ? last->end : UVM_MIN, USER_TOP, len, limit);

    return place ? place : find_gap_in(uvm->regions.root, len, limit);
}

bool region_is_free(const struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    struct region *above = region_from(uvm, start);

    return !above || end <= claimed_start(above);
}

/* --- changes ---------------------------------------------------------------------------------- */

static void account(struct uvm *uvm, const struct region *r, bool add)
{
    u64 pages = (r->end - r->start) >> PAGE_SHIFT;
    struct uvm_stats *s = &uvm->stats;

    if (!add)
        pages = -pages;
    s->total += pages;
    if (region_is_data(r->prot, r->flags))
        s->data += pages;
    if (r->flags & UVM_STACK)
        s->stack += pages;
    if (r->flags & UVM_SHARED)
        s->shared += pages;
    if (r->prot & UVM_X)
        s->text += pages;
    if (r->flags & UVM_LOCKED)
        s->locked += pages;
    s->peak_total = MAX(s->peak_total, s->total);
}

static void link_region(struct uvm *uvm, struct region *r)
{
    struct rb_node *parent = NULL;
    struct rb_node **link = &uvm->regions.root;

    uvm->regions.update = update_max_gap;
    while (*link) {
        parent = *link;
        link = r->start < of(parent)->start ? &parent->left : &parent->right;
    }
    r->gap = 0;
    r->max_gap = 0;
    rb_insert_at(&uvm->regions, &r->node, parent, link);
    uvm->count++;
}

void region_insert(struct uvm *uvm, struct region *r)
{
    link_region(uvm, r);
    account(uvm, r, true);
    refresh_gap(uvm, r);
    refresh_gap(uvm, region_next(r));
}

void region_remove(struct uvm *uvm, struct region *r)
{
    struct region *next = region_next(r);

    account(uvm, r, false);
    if (uvm->hit == r)
        uvm->hit = NULL;
    rb_erase(&uvm->regions, &r->node);
    uvm->count--;
    refresh_gap(uvm, next);
}

void region_resize(struct uvm *uvm, struct region *r, vaddr_t start, vaddr_t end)
{
    account(uvm, r, false);
    if (r->pager)
        r->offset += start - r->start;
    r->start = start;
    r->end = end;
    account(uvm, r, true);
    refresh_gap(uvm, r);
    refresh_gap(uvm, region_next(r));
}

void region_set_prot(struct uvm *uvm, struct region *r, unsigned prot)
{
    account(uvm, r, false);
    r->prot = prot;
    account(uvm, r, true);
}

void region_set_flags(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned clear, unsigned set)
{
    for (struct region *r = region_from(uvm, start); r && r->start < end; r = region_next(r)) {
        account(uvm, r, false);
        r->flags = (r->flags & ~clear) | set;
        account(uvm, r, true);
    }
}

/* Cuts the region that va lies inside of, if there is one. 0 or -ENOMEM. */
static int split_at(struct uvm *uvm, vaddr_t va)
{
    struct region *low = region_from(uvm, va);

    if (!low || low->start >= va)
        return 0;
    struct region *high = uvm->count < UVM_REGIONS_MAX ? region_copy(low) : NULL;
    if (!high)
        return -ENOMEM;
    if (high->pager)
        high->offset += va - low->start;
    high->start = va;
    region_resize(uvm, low, low->start, va);
    region_insert(uvm, high);
    return 0;
}

static bool may_join(const struct region *a, const struct region *b)
{
    if (a->end != b->start || a->prot != b->prot || a->flags != b->flags || a->pager != b->pager)
        return false;
    return !a->pager || a->offset + (a->end - a->start) == b->offset;
}

void region_merge(struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    struct region *r = region_from(uvm, start ? start - 1 : 0);

    while (r && r->start <= end) {
        struct region *next = region_next(r);
        if (next && may_join(r, next)) {
            vaddr_t new_end = next->end;
            region_remove(uvm, next);
            region_resize(uvm, r, r->start, new_end);
            region_free(next);
        } else {
            r = next;
        }
    }
}

int region_isolate(struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    int err = uvm_split_leaves(uvm, start, end);

    if (!err)
        err = split_at(uvm, start);
    if (err)
        return err;
    err = split_at(uvm, end);
    if (err)
        region_merge(uvm, start, start);
    return err;
}
