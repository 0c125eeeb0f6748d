/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page allocator behind the inline paths of mm/page.h: blocks, refills, references, misuse.
 *
 * A page is free in the buddy, free in a cpu's cache (PAGE_CACHED), or in use. page_cpu[] belongs to
 * its cpu and is touched with interrupts off; the statistics read it from elsewhere and may be off by
 * what is under way. Misuse is a broken invariant and panics; running out is NULL.
 */
#include <base/panic.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/buddy.h>
#include <mm/page.h>
#include <mm/region.h>

#define POISON        0xf5 /* odd as a length, not canonical as a pointer, huge as a count */
#define REF_SATURATED 0xc0000000u

struct page_cpu page_cpu[CPU_MAX];

const char *page_kind_name(enum page_kind kind)
{
    static const char *const names[PAGE_KINDS] = {
        [PAGE_NONE] = "reserved", [PAGE_FREE] = "free",      [PAGE_CACHED] = "free, cached",
        [PAGE_KERNEL] = "kernel", [PAGE_TABLE] = "table",    [PAGE_SLAB] = "slab",
        [PAGE_KSTACK] = "kstack", [PAGE_ANON] = "anonymous", [PAGE_FILE] = "file",
        [PAGE_PIPE] = "pipe",
    };
    return (unsigned)kind < PAGE_KINDS && names[kind] ? names[kind] : "unknown";
}

/* --- misuse ---------------------------------------------------------------------------------- */

/* Whether p is an element of a page array. */
static bool is_struct_page(const struct page *p)
{
    u64 i = virt_to_phys(p) >> 30;

    if ((vaddr_t)p < DIRECT_BASE || i >= page_section_count || !page_sections[i].base)
        return false;
    const struct page_section *s = &page_sections[i];
    return is_aligned(p, sizeof(*p)) && p >= s->base + s->first && p < s->base + s->end;
}

/* The head of the block that p, a tail, belongs to; NULL: none, the frame is reserved. */
static const struct page *find_head(const struct page *p, pfn_t pfn)
{
    for (unsigned order = 1; order < PAGE_ORDERS; order++) {
        const struct page *head = p - (pfn & (BIT(order) - 1));
        if (head->kind != PAGE_NONE && head->order >= order)
            return head;
    }
    return NULL;
}

static __noreturn void panic_tail(const char *what, const struct page *p, pfn_t pfn)
{
    const struct page *head = find_head(p, pfn);

    if (!head) {
        const char *reason = region_reason(pfn << PAGE_SHIFT);
        panic("%s: pfn 0x%lx is %s%s, not the allocator's", what, pfn,
              reason ? "reserved: " : "no RAM", reason ? reason : "");
    }
    panic("%s: pfn 0x%lx is inside a block of order %u at pfn 0x%lx (%s)", what, pfn, head->order,
          page_to_pfn(head), page_kind_name(head->kind));
}

/* Says as exactly as possible why p is not an allocated block of that order. */
static __noreturn void panic_misuse(const char *what, const struct page *p, unsigned order)
{
    if (!is_struct_page(p))
        panic("%s: struct page %p (pfn 0x%lx?) is no RAM", what, (const void *)p,
              (vaddr_t)p / sizeof(*p));
    pfn_t pfn = page_to_pfn(p);
    const char *kind = page_kind_name(p->kind);
    if (p->kind == PAGE_FREE || p->kind == PAGE_CACHED)
        panic("%s: pfn 0x%lx (order %u) is free already (%s)", what, pfn, order, kind);
    if (p->kind == PAGE_NONE)
        panic_tail(what, p, pfn);
    if (p->mark != PAGE_MARK || !p->ref)
        panic("%s: pfn 0x%lx (%s) has a broken state 0x%lx", what, pfn, kind, p->state);
    if (p->order != order)
        panic("%s: pfn 0x%lx (%s) is a block of order %u, not %u", what, pfn, kind, p->order,
              order);
    panic("%s: pfn 0x%lx (%s) still has %u references", what, pfn, kind, p->ref);
}

/* The state of anything but a struct page does not look like this, see page_is_sole_single(). */
static bool is_sole_block(const struct page *p, unsigned order)
{
    return (vaddr_t)p >= DIRECT_BASE &&
           PAGE_STATE_SAME_BUT_KIND(READ_ONCE(p->state), PAGE_STATE_USED(order, 0));
}

/* --- poison, DEBUG=1 ------------------------------------------------------------------------- */

void page_debug_freed(struct page *p, unsigned order)
{
    memset(page_to_virt(p), POISON, PAGE_SIZE << order);
    for (struct page *end = p + BIT(order); p < end; p++)
        p->flags |= PAGE_F_POISONED;
}

void page_debug_allocated(struct page *p, unsigned order)
{
    for (struct page *end = p + BIT(order); p < end; p++) {
        if (!(p->flags & PAGE_F_POISONED))
            continue; /* was never handed out: nobody has written the pattern */
        p->flags &= (u8)~PAGE_F_POISONED;
        const u8 *frame = page_to_virt(p), *bad = mem_find_not(frame, POISON, PAGE_SIZE);
        if (bad)
            panic("use after free: pfn 0x%lx was written while free: 0x%02x at offset 0x%lx",
                  page_to_pfn(p), *bad, (size_t)(bad - frame));
    }
}

/* --- allocation ------------------------------------------------------------------------------ */

static struct page *pop(struct page_cpu *pc)
{
    struct page *p = pc->head;

    pc->head = p->link;
    pc->room++;
    return p;
}

static void push(struct page_cpu *pc, struct page *p)
{
    p->state = PAGE_STATE(0, 0, 0, PAGE_CACHED) | (p->state & (u64)PAGE_F_POISONED << 56);
    p->link = pc->head;
    pc->head = p;
    pc->room--;
}

static void refill(struct page_cpu *pc)
{
    struct page *chain;

    buddy_alloc_batch((u32)MAX(pc->limit / 2, 1), &chain);
    while (chain) {
        struct page *p = chain;
        chain = p->link;
        push(pc, p);
    }
}

static struct page *alloc_single(void)
{
    irqflags_t irq = arch_irq_save();
    struct page_cpu *pc = &page_cpu[cpu_id()];

    if (!pc->head)
        refill(pc);
    struct page *p = pc->head ? pop(pc) : NULL;
    arch_irq_restore(irq);
    return p;
}

/* A second try after this cpu's single pages went back, which may have coalesced. */
static struct page *alloc_several(unsigned order, unsigned flags)
{
    struct page *p = buddy_alloc(order, flags);

    if (p || flags & PA_EASY)
        return p;
    page_drain_cache();
    return buddy_alloc(order, flags);
}

static void account(enum page_kind kind, s64 pages)
{
    irqflags_t irq = arch_irq_save();
    page_cpu[cpu_id()].used[kind] += pages;
    arch_irq_restore(irq);
}

struct page *page_alloc_block(unsigned order, unsigned flags, enum page_kind kind)
{
    if (order > PAGE_ORDER_MAX || (failalloc_armed && failalloc_hit("page", PAGE_SIZE << order)))
        return NULL;
    struct page *p = order || flags & PA_LOW ? alloc_several(order, flags) : alloc_single();
    if (!p)
        return NULL;
    account(kind, (s64)BIT(order));
    if (DEBUG)
        page_debug_allocated(p, order);
    p->owner = NULL;
    p->state = PAGE_STATE_USED(order, kind);
    if (flags & PA_ZERO)
        for (size_t i = 0; i < BIT(order); i++)
            page_zero((u8 *)page_to_virt(p) + i * PAGE_SIZE);
    return p;
}

/* --- giving back ----------------------------------------------------------------------------- */

void page_free_block(struct page *p, unsigned order)
{
    if (unlikely(!is_sole_block(p, order)))
        panic_misuse("page_free", p, order);
    if (!order) {
        page_free_checked(p);
        return;
    }
    if (DEBUG)
        page_debug_freed(p, order);
    account(p->kind, -(s64)BIT(order));
    buddy_free(p, order);
}

static struct page *pop_chain(struct page_cpu *pc, s32 count)
{
    struct page *chain = NULL;

    while (count-- > 0 && pc->head) {
        struct page *p = pop(pc);
        p->link = chain;
        chain = p;
    }
    return chain;
}

void page_free_overflow(struct page *p)
{
    irqflags_t irq = arch_irq_save();
    struct page_cpu *pc = &page_cpu[cpu_id()];

    pc->used[p->kind]--;
    push(pc, p);
    buddy_free_batch(pop_chain(pc, pc->limit / 2 + 1));
    arch_irq_restore(irq);
}

void page_drain_cache(void)
{
    irqflags_t irq = arch_irq_save();
    struct page_cpu *pc = &page_cpu[cpu_id()];

    buddy_free_batch(pop_chain(pc, pc->limit));
    arch_irq_restore(irq);
}

/* --- references ------------------------------------------------------------------------------ */

void page_get_slow(struct page *p, u32 seen)
{
    if (!seen)
        panic_misuse("page_get", p, 0);
    __atomic_store_n(&p->ref, REF_SATURATED, __ATOMIC_RELAXED);
}

/* The count was 1 (a block's last reference), 0 (a misuse) or saturated before it was decremented. */
bool page_put_slow(struct page *p, u32 seen)
{
    if ((s32)seen < 0) {
        __atomic_store_n(&p->ref, REF_SATURATED, __ATOMIC_RELAXED);
        return false;
    }
    p->ref = seen; /* as page_free and the message want it */
    if (!seen)
        panic_misuse("page_put", p, p->order);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    page_free_block(p, p->order);
    return true;
}

/* --- changes of pages in use ----------------------------------------------------------------- */

void page_split(struct page *p, unsigned order)
{
    if (!is_sole_block(p, order))
        panic_misuse("page_split", p, order);
    enum page_kind kind = p->kind;
    void *owner = p->owner;
    for (struct page *end = p + BIT(order); p < end; p++) {
        p->owner = owner;
        p->state = PAGE_STATE_USED(0, kind);
    }
}

void page_join(struct page *first, unsigned order)
{
    enum page_kind kind = first->kind;

    DEBUG_ASSERT(!(page_to_pfn(first) & (BIT(order) - 1)));
    for (struct page *p = first, *end = p + BIT(order); p < end; p++) {
        DEBUG_ASSERT(page_is_sole_single(p) && p->kind == kind);
        p->state = 0;
    }
    first->state = PAGE_STATE_USED(order, kind);
}

void page_set_kind(struct page *p, enum page_kind kind)
{
    s64 pages = (s64)BIT(p->order);

    account(p->kind, -pages);
    account(kind, pages);
    p->kind = (u8)kind;
}

/* --- account --------------------------------------------------------------------------------- */

static u64 cached_count(void)
{
    s64 sum = 0;

    for (u32 cpu = 0; cpu < CPU_MAX; cpu++)
        sum += READ_ONCE(page_cpu[cpu].limit) - READ_ONCE(page_cpu[cpu].room);
    return (u64)sum;
}

u64 page_total_count(void)
{
    return buddy_total_count();
}

u64 page_free_count(void)
{
    return buddy_free_count() + cached_count();
}

void page_stats(struct page_stats *out)
{
    memset(out, 0, sizeof(*out));
    buddy_stats(out->zone);
    for (unsigned i = 0; i < PAGE_ZONES; i++) {
        out->total += out->zone[i].pages;
        out->free += out->zone[i].free;
    }
    out->cached = cached_count();
    out->free += out->cached;
    for (unsigned kind = 0; kind < PAGE_KINDS; kind++)
        for (u32 cpu = 0; cpu < CPU_MAX; cpu++)
            out->used[kind] += (u64)READ_ONCE(page_cpu[cpu].used[kind]);
    u64 ram = region_total(REGION_FREE) + region_total(REGION_HELD) + region_total(REGION_NOMAP);
    out->held = ram / PAGE_SIZE - out->total;
}
