/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator.
 *
 * A free block of 2^order frames is aligned to its size; its head (the first struct page) says
 * PAGE_FREE and its order, and is linked into its zone's list of that order. The state of all other
 * struct pages in the block is zero. Two blocks are buddies when their pfns differ in bit
 * `order` only; two free buddies are always one block of the next order. Blocks never cross a group
 * (4 MiB), so a block's buddy has a struct page in the same array wherever RAM begins or ends.
 *
 * Struct pages are written lazily: a group that is free from end to end at boot is one block with
 * PAGE_F_RAW in its head, and its other 1023 struct pages are noise until it is first split. That
 * makes boot time independent of the amount of RAM, nearly.
 *
 * In DEBUG=1, PAGE_F_POISONED survives in the state of heads and tails alike.
 *
 * Lock: zone.lock, a leaf; all of a zone's fields and the states of its free blocks are under it.
 */
#include <base/panic.h>
#include <base/spinlock.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/buddy.h>
#include <mm/page.h>

#define NO_PFN (~0u)

struct free_list {
    u32 head; /* pfn of the first block */
    u32 blocks;
};

struct zone {
    struct spinlock lock;
    u64 pages; /* managed, free or not */
    u64 free;
    struct free_list list[PAGE_ORDERS];
} __aligned(64);

#define NO_BLOCKS                                  \
    {                                              \
        [0 ... PAGE_ORDER_MAX] = {.head = NO_PFN } \
    }

static struct zone zones[PAGE_ZONES] = {
    [ZONE_LOW] = {.lock = SPINLOCK_INIT("buddy low"), .list = NO_BLOCKS},
    [ZONE_HIGH] = {.lock = SPINLOCK_INIT("buddy high"), .list = NO_BLOCKS},
};

static struct zone *zone_of(pfn_t pfn)
{
    return &zones[pfn >= ZONE_HIGH_PFN ? ZONE_HIGH : ZONE_LOW];
}

/* --- states ---------------------------------------------------------------------------------- */

#define STATE_FREE(order) PAGE_STATE(0, order, 0, PAGE_FREE)
#define STATE_FLAGS(f)    ((u64)(f) << 56)

/* What must survive when a page changes between head and tail. */
static u64 kept_flags(const struct page *p)
{
    return DEBUG ? p->state & STATE_FLAGS(PAGE_F_POISONED) : 0;
}

static void make_tail(struct page *p)
{
    p->state = kept_flags(p);
}

/* The buddy may be in use, with a reference count that changes meanwhile: one load. */
static bool is_free_head(const struct page *p, size_t order)
{
    return READ_ONCE(p->state) << 8 == STATE_FREE(order) << 8;
}

/* --- lists: inlined into the few users, which halves the instructions of a block ------------- */

static __always_inline void push(struct zone *z, struct page *p, pfn_t pfn, size_t order)
{
    struct free_list *l = &z->list[order];
    u32 next = l->head;

    p->state = STATE_FREE(order) | kept_flags(p);
    p->next = next;
    p->prev = NO_PFN;
    if (next != NO_PFN)
        pfn_to_page(next)->prev = (u32)pfn;
    l->head = (u32)pfn;
    l->blocks++;
}

static __always_inline void unlink(struct zone *z, const struct page *p, size_t order)
{
    struct free_list *l = &z->list[order];

    if (p->prev == NO_PFN)
        l->head = p->next;
    else
        pfn_to_page(p->prev)->next = p->next;
    if (p->next != NO_PFN)
        pfn_to_page(p->next)->prev = p->prev;
    l->blocks--;
}

/* --- taking ---------------------------------------------------------------------------------- */

/* First touch of a group that was free since boot: its struct pages become "tail". */
static void unroll(struct page *head)
{
    if (!(head->flags & PAGE_F_RAW))
        return;
    memset(head, 0, BUDDY_GROUP * sizeof(*head));
}

/* Takes the first block of at least `order`, gives back what is too much. Its state is zero then. */
static __always_inline struct page *take(struct zone *z, size_t order)
{
    size_t have = order;

    while (z->list[have].head == NO_PFN)
        if (++have > PAGE_ORDER_MAX)
            return NULL;
    pfn_t pfn = z->list[have].head;
    struct page *p = pfn_to_page(pfn);
    unlink(z, p, have);
    unroll(p);
    make_tail(p);
    while (have-- > order)
        push(z, p + BIT(have), pfn + BIT(have), have);
    z->free -= BIT(order);
    return p;
}

static __noinline struct page *take_from(struct zone *z, size_t order)
{
    irqflags_t irq = spin_lock(&z->lock);
    struct page *p = take(z, order);
    spin_unlock(&z->lock, irq);
    return p;
}

struct page *buddy_alloc(unsigned order, unsigned flags)
{
    struct page *p = NULL;

    if (!(flags & PA_LOW) && zones[ZONE_HIGH].pages)
        p = take_from(&zones[ZONE_HIGH], order);
    return p ? p : take_from(&zones[ZONE_LOW], order);
}

/* The largest order of which a block is wanted, but no larger than the smallest that there is. */
static unsigned batch_order(const struct zone *z, u32 want)
{
    unsigned order = 0;

    while (order < PAGE_ORDER_MAX && z->list[order].head == NO_PFN && BIT(order + 1) <= want)
        order++;
    return order;
}

/* Blocks are taken whole and cut into pages here: a page costs a few instructions. */
static __noinline u32 take_batch(struct zone *z, u32 want, struct page **chain)
{
    u32 got = 0;
    irqflags_t irq = spin_lock(&z->lock);

    while (got < want) {
        unsigned order = batch_order(z, want - got);
        struct page *p = take(z, order);
        if (!p)
            break;
        got += BIT(order);
        for (struct page *end = p + BIT(order); p < end; p++) {
            p->link = *chain;
            *chain = p;
        }
    }
    spin_unlock(&z->lock, irq);
    return got;
}

u32 buddy_alloc_batch(u32 want, struct page **chain)
{
    u32 got = 0;

    *chain = NULL;
    if (zones[ZONE_HIGH].pages)
        got = take_batch(&zones[ZONE_HIGH], want, chain);
    return got ? got : take_batch(&zones[ZONE_LOW], want, chain);
}

/* --- giving back ----------------------------------------------------------------------------- */

static __always_inline void give(struct zone *z, struct page *p, pfn_t pfn, size_t order)
{
    z->free += BIT(order);
    make_tail(p);
    while (order < PAGE_ORDER_MAX) {
        struct page *buddy = pfn & BIT(order) ? p - BIT(order) : p + BIT(order);
        if (!is_free_head(buddy, order))
            break;
        unlink(z, buddy, order);
        make_tail(buddy);
        p = MIN(p, buddy);
        pfn &= ~BIT(order);
        order++;
    }
    push(z, p, pfn, order);
}

static __noinline void give_to(struct zone *z, struct page *p, pfn_t pfn, size_t order)
{
    irqflags_t irq = spin_lock(&z->lock);
    give(z, p, pfn, order);
    spin_unlock(&z->lock, irq);
}

void buddy_free(struct page *p, unsigned order)
{
    pfn_t pfn = page_to_pfn(p);
    give_to(zone_of(pfn), p, pfn, order);
}

void buddy_free_batch(struct page *chain)
{
    while (chain) {
        struct zone *z = zone_of(page_to_pfn(chain));
        irqflags_t irq = spin_lock(&z->lock);
        for (pfn_t pfn; chain && zone_of(pfn = page_to_pfn(chain)) == z;) {
            struct page *p = chain;
            chain = p->link;
            give(z, p, pfn, 0);
        }
        spin_unlock(&z->lock, irq);
    }
}

/* --- boot ------------------------------------------------------------------------------------ */

void buddy_add_group(pfn_t pfn)
{
    struct zone *z = zone_of(pfn);
    struct page *p = pfn_to_page(pfn);

    p->state = 0;
    z->pages += BUDDY_GROUP;
    z->free += BUDDY_GROUP;
    push(z, p, pfn, PAGE_ORDER_MAX);
    p->flags |= PAGE_F_RAW;
}

void buddy_add_range(pfn_t pfn, pfn_t end)
{
    while (pfn < end) {
        unsigned order = 0;
        while (order < PAGE_ORDER_MAX && !(pfn & BIT(order)) && pfn + BIT(order + 1) <= end)
            order++;
        struct zone *z = zone_of(pfn);
        z->pages += BIT(order);
        give_to(z, pfn_to_page(pfn), pfn, order);
        pfn += BIT(order);
    }
}

/* --- account --------------------------------------------------------------------------------- */

u64 buddy_free_count(void)
{
    return READ_ONCE(zones[ZONE_LOW].free) + READ_ONCE(zones[ZONE_HIGH].free);
}

u64 buddy_total_count(void)
{
    return READ_ONCE(zones[ZONE_LOW].pages) + READ_ONCE(zones[ZONE_HIGH].pages);
}

void buddy_stats(struct page_zone_stats stats[PAGE_ZONES])
{
    for (unsigned i = 0; i < PAGE_ZONES; i++) {
        struct zone *z = &zones[i];
        irqflags_t irq = spin_lock(&z->lock);
        stats[i].pages = z->pages;
        stats[i].free = z->free;
        for (unsigned order = 0; order < PAGE_ORDERS; order++)
            stats[i].blocks[order] = z->list[order].blocks;
        spin_unlock(&z->lock, irq);
    }
}

/* The blocks of one list: count, links, states. */
static const char *check_list(const struct zone *z, unsigned order)
{
    u32 prev = NO_PFN, blocks = 0;

    for (u32 pfn = z->list[order].head; pfn != NO_PFN; blocks++) {
        const struct page *p = pfn_to_page(pfn);
        if (!is_free_head(p, order) || (pfn & (BIT(order) - 1)))
            return "a block in a free list is not free, or of another order";
        if (p->prev != prev || blocks > z->list[order].blocks)
            return "a free list's links are broken";
        if (order < PAGE_ORDER_MAX && !(p->flags & PAGE_F_RAW) &&
            is_free_head(pfn_to_page(pfn ^ BIT(order)), order))
            return "two free buddies are not one block";
        prev = pfn;
        pfn = p->next;
    }
    return blocks == z->list[order].blocks ? NULL : "a free list's length is not what was counted";
}

static const char *check_zone(const struct zone *z)
{
    u64 free = 0;

    for (unsigned order = 0; order < PAGE_ORDERS; order++) {
        const char *why = check_list(z, order);
        if (why)
            return why;
        free += (u64)z->list[order].blocks << order;
    }
    return free == z->free ? NULL : "a zone's free pages are not what its lists hold";
}

const char *buddy_check(void)
{
    const char *why = NULL;

    for (unsigned i = 0; !why && i < PAGE_ZONES; i++) {
        irqflags_t irq = spin_lock(&zones[i].lock);
        why = check_zone(&zones[i]);
        spin_unlock(&zones[i].lock, irq);
    }
    return why;
}
