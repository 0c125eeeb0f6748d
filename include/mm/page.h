/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical pages: struct page, how to get from a frame to it and back, and the page allocator.
 *
 * Every frame of RAM has a 16-byte struct page. One array serves a span of RAM; spans are made so
 * that no two share a GiB, and each array lies inside its own span. So one table with an entry per
 * GiB answers both questions: which struct page belongs to a frame, and which frame to a struct page.
 *
 * An allocation is a block of 2^order frames. Its first page, the head, carries reference
 * count, order, kind and flags; the state word of the others (the tail) is zero. So is that
 * of reserved frames and of frames inside free blocks: whatever is not a head cannot be freed.
 *
 * Locks: none for the caller. Single pages come from a per-cpu cache with interrupts off, blocks
 * under the zone's lock (mm/buddy.c), which is a leaf: no other lock is taken under it. Callable
 * from any context, with any other spinlock held, after page_init(). No function here sleeps.
 */
#pragma once

#include <arch/irq.h>
#include <arch/mmu.h>
#include <base/atomic.h>
#include <base/percpu.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/failalloc.h>

#define PAGE_ORDER_MAX 10 /* the largest block: 4 MiB */
#define PAGE_ORDERS    (PAGE_ORDER_MAX + 1)

/* What a page is used for. Counted, shown in /proc/meminfo, named in messages. */
enum page_kind {
    PAGE_NONE,   /* not a head: reserved, or the inner part of a block */
    PAGE_FREE,   /* head of a free block */
    PAGE_CACHED, /* free, in a cpu's cache */
    PAGE_KERNEL, /* kernel data, large kmalloc */
    PAGE_TABLE,  /* page tables */
    PAGE_SLAB,   /* slab objects */
    PAGE_KSTACK, /* kernel stacks */
    PAGE_ANON,   /* anonymous user memory */
    PAGE_FILE,   /* page cache */
    PAGE_PIPE,   /* pipe buffers */
    PAGE_KINDS = 14
};

/* The name of a kind, for messages and /proc. */
const char *page_kind_name(enum page_kind kind);

/*
 * Flags of an allocated page, for its owner. The allocator clears them when it hands a page out; the
 * two upper ones are its own. While others may change them too: page_set_flags, page_clear_flags.
 */
#define PAGE_F_ICACHE   0x01u /* instruction fetch has been made coherent with the contents */
#define PAGE_F_DIRTY    0x02u
#define PAGE_F_OWNER    0x04u /* free for the owner's use */
#define PAGE_F_BOOKED   0x08u /* a file's frame that nobody has cleared or seen yet: mm/pcache.c */
#define PAGE_F_RAW      0x40u /* free block whose other struct pages were never written */
#define PAGE_F_POISONED 0x80u /* DEBUG: the frame holds the poison pattern */

struct page {
    union {
        void *owner; /* allocated: the owner's, NULL at first */
        u64 priv;    /* the same as a number, */
        struct {
            u32 count[2]; /* or as two */
        };
        struct page *link; /* PAGE_CACHED: the next one */
        struct {
            u32 next, prev; /* PAGE_FREE: pfns of the list's neighbours */
        };
    };
    union {
        u64 state; /* all of the following, stored at once */
        struct {
            u32 ref;  /* saturates: see page_get */
            u8 order; /* of a head */
            u8 mark;  /* PAGE_MARK in heads of allocated blocks, else 0 */
            u8 kind;  /* enum page_kind */
            u8 flags; /* PAGE_F_* */
        };
        u32 words[2]; /* ref, and the rest */
    };
};
static_assert(sizeof(struct page) == 16, "16 bytes for each frame");

/* The state word, from its parts. The mark tells a struct page from any other memory. */
#define PAGE_MARK 0x5aul
#define PAGE_STATE(ref, order, mark, kind) \
    ((u64)(ref) | (u64)(order) << 32 | (u64)(mark) << 40 | (u64)(kind) << 48)
#define PAGE_STATE_USED(order, kind) PAGE_STATE(1, order, PAGE_MARK, kind)
#define PAGE_STATE_CACHED \
    (PAGE_STATE(0, 0, 0, PAGE_CACHED) | (DEBUG ? (u64)PAGE_F_POISONED << 56 : 0))
#define PAGE_STATE_SAME_BUT_KIND(state, expected) (((state) << 16) == ((expected) << 16))

/* --- from one name of a page to another: O(1), no checks outside of DEBUG=1 ------------------ */

#define PAGE_SECTION_SHIFT (30 - PAGE_SHIFT)

/* What one GiB of physical addresses holds. base is biased: base + pfn is the struct page. */
struct page_section {
    struct page *base; /* NULL: no RAM here */
    u32 first, end;    /* pfns that have a struct page in this section's span */
};
extern struct page_section *page_sections;
extern u32 page_section_count;

/* Whether section i is the first of a span with an array: all entries of a span are the same. */
static inline bool page_span_starts(u32 i)
{
    return page_sections[i].base && (!i || page_sections[i].base != page_sections[i - 1].base);
}

static inline void *phys_to_virt(paddr_t pa)
{
    return (void *)(DIRECT_BASE + pa);
}

/* For addresses in the direct map only; the image's own addresses are not. */
static inline paddr_t virt_to_phys(const void *va)
{
    return (vaddr_t)va - DIRECT_BASE;
}

/* Whether the frame has a struct page: RAM, and small holes between RAM. O(1). */
static inline bool pfn_valid(pfn_t pfn)
{
    u64 i = pfn >> PAGE_SECTION_SHIFT;
    return i < page_section_count && pfn >= page_sections[i].first && pfn < page_sections[i].end;
}

/* pfn must be valid. */
static inline struct page *pfn_to_page(pfn_t pfn)
{
    return page_sections[pfn >> PAGE_SECTION_SHIFT].base + pfn;
}

/* The array that holds p lies in the span that it describes: p's own address finds the section. */
static inline pfn_t page_to_pfn(const struct page *p)
{
    return (pfn_t)(p - page_sections[virt_to_phys(p) >> 30].base);
}

static inline paddr_t page_to_phys(const struct page *p)
{
    return page_to_pfn(p) << PAGE_SHIFT;
}

static inline void *page_to_virt(const struct page *p)
{
    return phys_to_virt(page_to_phys(p));
}

static inline struct page *phys_to_page(paddr_t pa)
{
    return pfn_to_page(pa >> PAGE_SHIFT);
}

static inline struct page *virt_to_page(const void *va)
{
    return phys_to_page(virt_to_phys(va));
}

/* --- the allocator -------------------------------------------------------------------------- */

#define PA_ZERO 0x1u /* filled with zeros */
#define PA_LOW  0x2u /* below 4 GiB, for devices with 32-bit DMA */
#define PA_EASY 0x4u /* a block only if there is one now: single pages stay in the cpu's cache */

/*
 * A cpu's cache of single free pages (a stack through page.link), and its share of the account:
 * used[kind] counts pages in use; a page allocated here and freed on another cpu makes the single
 * values drift, their sum over all cpus is right. Interrupts off.
 */
struct page_cpu {
    struct page *head;
    s32 room;  /* pages that still fit; the next one sends a batch back to the buddy */
    s32 limit; /* pages that fit; the cache holds limit - room */
    s64 used[PAGE_KINDS];
};
static_assert(sizeof(struct page_cpu) == 128, "indexed by a shift, no line shared");
extern struct page_cpu page_cpu[CPU_MAX];

/* The general cases, out of line. Use page_alloc and page_free. */
struct page *page_alloc_block(unsigned order, unsigned flags, enum page_kind kind);
void page_free_block(struct page *p, unsigned order);
bool page_put_slow(struct page *p, u32 seen);
void page_get_slow(struct page *p, u32 seen);
void page_free_overflow(struct page *p);
void page_debug_allocated(struct page *p, unsigned order);
void page_debug_freed(struct page *p, unsigned order);

static __always_inline struct page *page_alloc_one(unsigned flags, enum page_kind kind)
{
    irqflags_t irq = arch_irq_save();
    struct page_cpu *pc = &page_cpu[cpu_id()];
    struct page *p = pc->head;

    if (unlikely(!p || failalloc_armed)) {
        arch_irq_restore(irq);
        return page_alloc_block(0, flags, kind);
    }
    pc->head = p->link;
    pc->room++;
    pc->used[kind]++;
    arch_irq_restore(irq);
    if (DEBUG)
        page_debug_allocated(p, 0);
    p->owner = NULL;
    p->state = PAGE_STATE_USED(0, kind);
    if (flags & PA_ZERO)
        page_zero(page_to_virt(p));
    return p;
}

/*
 * 2^order frames, aligned to their size, with one reference, as kind `kind`. Contents are
 * undefined without PA_ZERO. NULL when there are none (or failalloc says so). Steps are
 * bounded: at most one refill of the cpu's cache or PAGE_ORDER_MAX splits.
 */
static __always_inline struct page *page_alloc(unsigned order, unsigned flags, enum page_kind kind)
{
    if (__builtin_constant_p(order) && order == 0 && !(flags & PA_LOW))
        return page_alloc_one(flags, kind);
    return page_alloc_block(order, flags, kind);
}

/* A single page whose state has been checked goes to the cpu's cache. */
static __always_inline void page_free_checked(struct page *p)
{
    if (DEBUG)
        page_debug_freed(p, 0);
    irqflags_t irq = arch_irq_save();
    struct page_cpu *pc = &page_cpu[cpu_id()];

    if (unlikely(pc->room <= 0)) {
        arch_irq_restore(irq);
        page_free_overflow(p);
        return;
    }
    pc->room--;
    pc->used[p->kind]--;
    p->state = PAGE_STATE_CACHED;
    p->link = pc->head;
    pc->head = p;
    arch_irq_restore(irq);
}

/* Whether p is a single allocated page with one reference. One load; wild pointers fail too. */
static __always_inline bool page_is_sole_single(const struct page *p)
{
    return (vaddr_t)p >= DIRECT_BASE &&
           PAGE_STATE_SAME_BUT_KIND(READ_ONCE(p->state), PAGE_STATE_USED(0, 0));
}

/*
 * Frees a block that was allocated with this order. The caller has the only reference and no
 * cpu has a translation to it any more. Double free, an order that does not fit, frames that
 * were never allocated, are not the head of a block or not RAM: panic that names frame and kind.
 */
static __always_inline void page_free(struct page *p, unsigned order)
{
    if (__builtin_constant_p(order) && order == 0 && likely(page_is_sole_single(p)))
        page_free_checked(p);
    else
        page_free_block(p, order);
}

/* References now; a snapshot unless the caller can exclude changes. */
static inline u32 page_ref(const struct page *p)
{
    return READ_ONCE(p->ref);
}

/*
 * One more reference. The caller has one, or holds a lock under which there is one. The count
 * saturates: a page that was referenced 2^31 times is never freed again.
 */
static inline void page_get(struct page *p)
{
    u32 seen = __atomic_fetch_add(&p->ref, 1, __ATOMIC_RELAXED);
    if (unlikely((s32)seen <= 0))
        page_get_slow(p, seen);
}

/* Drops a reference; the last one frees the block. True: it was the last. */
static inline bool page_put(struct page *p)
{
    if (page_is_sole_single(p)) {
        __atomic_thread_fence(__ATOMIC_ACQUIRE); /* what others did before they dropped theirs */
        page_free_checked(p);
        return true;
    }
    u32 seen = __atomic_fetch_sub(&p->ref, 1, __ATOMIC_RELEASE);
    return unlikely((s32)seen <= 1) && page_put_slow(p, seen);
}

/*
 * Flags of a page that the caller holds, changed atomically. What was stored to the frame before is
 * visible to whoever finds the change.
 */
static inline void page_set_flags(struct page *p, u32 flags)
{
    atomic_fetch_or(&p->words[1], flags << 24);
}

static inline void page_clear_flags(struct page *p, u32 flags)
{
    atomic_fetch_and(&p->words[1], ~(flags << 24));
}

static inline bool page_has_flags(const struct page *p, u32 flags)
{
    return (atomic_load_acquire(&p->words[1]) >> 24 & flags) == flags;
}

/* Makes single pages of a block with one reference: each has one, and is freed on its own. */
void page_split(struct page *p, unsigned order);

/*
 * The opposite: 2^order single pages of one kind that lie together, aligned to their size, each with one
 * reference, which is the caller's, become a block with one.
 */
void page_join(struct page *first, unsigned order);

/* Changes the kind of a page in use, and the account with it. */
void page_set_kind(struct page *p, enum page_kind kind);

/* --- set-up and account ---------------------------------------------------------------------- */

/* Makes the page arrays, from early memory. For page_init(). 0 or -ENOMEM (logged). */
int page_map_init(void);

/*
 * Makes the page arrays and hands all free RAM to the buddy; early_alloc() ends here. Boot cpu, after
 * early_all_mapped(). 0 or -ENOMEM (logged).
 */
int page_init(void);

/*
 * Gives RAM that was held at boot ([start, end), rounded inwards to pages) to the buddy: the initrd
 * after unpacking, the image's init sections. Nobody may use it any more. 0 or the error of
 * region_mark_free().
 */
int page_release(paddr_t start, paddr_t end);

struct page_zone_stats {
    u64 pages;               /* managed by the buddy, free or not */
    u64 free;                /* in free blocks */
    u64 blocks[PAGE_ORDERS]; /* free blocks of each order */
};

#define PAGE_ZONES 2 /* below and above 4 GiB */

/* A snapshot; exact while nobody allocates: total == free + the sum of used[]. In pages. */
struct page_stats {
    u64 total;  /* all pages that the allocator manages */
    u64 free;   /* of those: in free blocks and in the cpus' caches */
    u64 cached; /* of those: in the cpus' caches */
    u64 held;   /* RAM that it does not manage: image, page arrays, reservations */
    u64 used[PAGE_KINDS];
    struct page_zone_stats zone[PAGE_ZONES];
};
void page_stats(struct page_stats *out);

/* Free pages now, the caches included: page_stats().free without the rest. */
u64 page_free_count(void);
/* All that the allocator manages: page_stats().total without the rest. */
u64 page_total_count(void);

/*
 * Walks the free lists and every struct page, and compares them with the account: nothing lost,
 * nothing twice, nothing left uncoalesced. NULL, or what is wrong. Exact only while no other cpu
 * allocates or frees.
 */
const char *page_check(void);

/* Gives this cpu's cached pages back to the buddy. See mm_drain() for all cpus and the slabs. */
void page_drain_cache(void);
