/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces: birth, copy and end.
 *
 * fork copies the tree of regions node by node, shape and colours and gaps included, and the page
 * table a table at a time; nothing is inserted or balanced. The end walks the regions, not the
 * address space. All spaces are in one list, for checks; its lock is a leaf.
 */
#include "uvm_impl.h"
#include <base/panic.h>
#include <base/percpu.h>
#include <lib/errno.h>
#include <mm/kvm.h>
#include <mm/slab.h>

/* Of one walk over several regions. */
#define HOLE_MOST (16 * PAGE_SIZE)

static SLAB_CACHE(uvm_cache, "uvm", sizeof(struct uvm), 8);
static struct spinlock list_lock = SPINLOCK_INIT("address spaces");
static struct list all_spaces = LIST_INIT(all_spaces);

static void list_add(struct uvm *uvm)
{
    irqflags_t irq = spin_lock(&list_lock);

    list_push_back(&all_spaces, &uvm->link);
    spin_unlock(&list_lock, irq);
}

static void list_del(struct uvm *uvm)
{
    irqflags_t irq = spin_lock(&list_lock);

    list_remove(&uvm->link);
    spin_unlock(&list_lock, irq);
}

/* A reference, unless the space has begun to end. */
static bool get_living(struct uvm *uvm)
{
    u32 refs = atomic_load_relaxed(&uvm->refs);

    while (refs)
        if (atomic_cas(&uvm->refs, &refs, refs + 1))
            return true;
    return false;
}

struct uvm *uvm_next_space(struct uvm *prev)
{
    irqflags_t irq = spin_lock(&list_lock);
    struct list *link = prev ? prev->link.next : all_spaces.next;

    while (link != &all_spaces && !get_living(list_entry(link, struct uvm, link)))
        link = link->next;
    spin_unlock(&list_lock, irq);
    if (prev)
        uvm_put(prev);
    return link == &all_spaces ? NULL : list_entry(link, struct uvm, link);
}

/* Nobody can find it yet. */
static struct uvm *create(void)
{
    struct uvm *uvm = slab_zalloc(&uvm_cache);

    if (!uvm)
        return NULL;
    if (pt_init(&uvm->pt)) {
        slab_free(&uvm_cache, uvm);
        return NULL;
    }
    rw_init(&uvm->lock, "uvm");
    spin_init(&uvm->pt_lock, "uvm page table");
    uvm->refs = 1;
    uvm->limits = (struct uvm_limits){.as = ~0ul, .data = ~0ul, .stack = 8 * MiB, .memlock = ~0ul};
    uvm->top = USER_TOP;
    list_init(&uvm->link);
    return uvm;
}

struct uvm *uvm_create(void)
{
    struct uvm *uvm = create();

    if (uvm)
        list_add(uvm);
    return uvm;
}

void uvm_get(struct uvm *uvm)
{
    atomic_add_relaxed(&uvm->refs, 1);
}

bool uvm_is_shared(const struct uvm *uvm)
{
    return atomic_load_relaxed(&uvm->refs) > 1;
}

static struct region *first_region(const struct uvm *uvm)
{
    struct rb_node *node = rb_first(&uvm->regions);

    return node ? rb_entry(node, struct region, node) : NULL;
}

/*
 * The region behind the run that r begins: neighbours with holes between them that are quicker looked
 * through than descended around, and alike as far as `flags` go. *end receives the end of the run.
 */
static struct region *behind_run(const struct region *r, unsigned flags, vaddr_t *end)
{
    struct region *next = region_next(r);

    *end = r->end;
    while (next && next->start - *end <= HOLE_MOST && !((next->flags ^ r->flags) & flags)) {
        *end = next->end;
        next = region_next(next);
    }
    return next;
}

static void unmap_all(struct uvm *uvm)
{
    struct pt_gather g;
    vaddr_t end;

    pt_gather_begin(&g, &uvm->pt);
    g.yields = true;
    for (struct region *next, *r = first_region(uvm); r; r = next) {
        next = behind_run(r, 0, &end);
        pt_unmap(&g, r->start, end, PT_PUT_FRAMES);
    }
    pt_gather_end(&g);
}

/* Frees the nodes without keeping the tree in order; as deep as the tree is high. */
static void free_regions(struct rb_node *node)
{
    if (!node)
        return;
    free_regions(node->left);
    free_regions(node->right);
    region_free(rb_entry(node, struct region, node));
}

static void destroy(struct uvm *uvm)
{
    ASSERT(this_cpu()->uvm != uvm);
    list_del(uvm);
    pt_retire(&uvm->pt);
    unmap_all(uvm);
    free_regions(uvm->regions.root);
    pt_destroy(&uvm->pt);
    slab_free(&uvm_cache, uvm);
}

void uvm_put(struct uvm *uvm)
{
    if (atomic_fetch_sub(&uvm->refs, 1) == 1)
        destroy(uvm);
}

/*
 * Copies the subtree at `from` to *link below `parent`. -ENOMEM: with a part copied, in good
 * order.
 */
static int clone_regions(struct rb_node **link, struct rb_node *parent, const struct rb_node *from)
{
    if (!from)
        return 0;
    struct region *copy = region_copy(rb_entry(from, struct region, node));
    if (!copy)
        return -ENOMEM;
    unsigned long color = from->parent_and_color & 1;
    copy->node = (struct rb_node){.parent_and_color = (unsigned long)parent | color};
    copy->flags &= ~(UVM_LOCKED | UVM_ONFAULT);
    *link = &copy->node;
    int err = clone_regions(&copy->node.left, &copy->node, from->left);
    return err ? err : clone_regions(&copy->node.right, &copy->node, from->right);
}

static int clone_pages(struct uvm *child, struct uvm *parent)
{
    struct mmu_flush fl;
    vaddr_t end;
    int err = 0;

    mmu_flush_begin(&fl, &parent->pt.space);
    for (struct region *next, *r = first_region(parent); r && !err; r = next) {
        next = behind_run(r, UVM_SHARED | UVM_DONTFORK | UVM_WIPEONFORK, &end);
        if (r->flags & (UVM_DONTFORK | UVM_WIPEONFORK))
            continue;
        bool cow = !(r->flags & UVM_SHARED);
        err = pt_copy(&child->pt, &parent->pt, &fl, r->start, end, cow, &child->stats.resident);
    }
    mmu_flush_end(&fl);
    return err;
}

/* What the child is not to have (madvise) goes again; none of its pages have been copied. */
static void drop_dontfork(struct uvm *child)
{
    struct region *next = region_from(child, 0);

    for (struct region *r; (r = next);) {
        next = region_next(r);
        if (!(r->flags & UVM_DONTFORK))
            continue;
        region_remove(child, r);
        region_free(r);
    }
}

static int clone(struct uvm *child, struct uvm *parent)
{
    child->stats = parent->stats;
    child->stats.resident = 0;
    child->stats.locked = 0;
    child->stats.spurious = child->stats.cow_copied = child->stats.cow_reused = 0;
    child->brk_start = parent->brk_start;
    child->brk = parent->brk;
    child->limits = parent->limits;
    child->layout = parent->layout;
    child->top = parent->top;
    child->count = parent->count;
    child->regions.update = parent->regions.update;
    int err = clone_regions(&child->regions.root, NULL, parent->regions.root);
    if (err)
        return err;
    child->dontfork = parent->dontfork;
    if (child->dontfork)
        drop_dontfork(child);
    return clone_pages(child, parent);
}

int uvm_fork(struct uvm *parent, struct uvm **child)
{
    struct uvm *copy = create();

    if (!copy)
        return -ENOMEM;
    rw_write_lock(&parent->lock);
    int err = clone(copy, parent);
    if (!err)
        list_add(copy); /* under the lock: who waits for it to take pages away must find both */
    rw_write_unlock(&parent->lock);
    if (err) {
        uvm_put(copy);
        return err;
    }
    *child = copy;
    return 0;
}

void uvm_activate(struct uvm *uvm)
{
    this_cpu()->uvm = uvm;
    mmu_activate(uvm ? &uvm->pt.space : &kernel_pt.space);
}

void uvm_sync_code(struct uvm *uvm)
{
    mmu_code_changed();
    mmu_sync_code(&uvm->pt.space);
}

void uvm_set_top(struct uvm *uvm, vaddr_t top)
{
    uvm->top = top;
}

void uvm_set_limits(struct uvm *uvm, const struct uvm_limits *limits)
{
    rw_write_lock(&uvm->lock);
    uvm->limits = *limits;
    rw_write_unlock(&uvm->lock);
}

struct uvm_layout *uvm_layout(struct uvm *uvm)
{
    return &uvm->layout;
}

u64 uvm_footprint(const struct uvm *uvm)
{
    return READ_ONCE(uvm->stats.resident) + READ_ONCE(uvm->pt.tables);
}

void uvm_stats(struct uvm *uvm, struct uvm_stats *out)
{
    rw_read_lock(&uvm->lock);
    *out = uvm->stats;
    out->peak_resident = MAX(out->peak_resident, out->resident);
    out->tables = uvm->pt.tables;
    rw_read_unlock(&uvm->lock);
}
