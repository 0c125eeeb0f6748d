/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects of one size from pages, and kmalloc on top.
 *
 * Each cache has a free list per cpu in front (used with interrupts off) and slabs of one page
 * each behind, under the cache's lock. A free object's first two words hold the list's link and a
 * mark; that finds double frees and writes to freed objects at once. DEBUG=1 adds
 * a red zone behind each object and fills free objects with a pattern.
 *
 * Locks: none for the caller. Order: cache lock before zone lock; nothing else is taken under
 * either. Callable from any context after page_init(). No function here sleeps.
 */
#pragma once

#include <arch/irq.h>
#include <base/percpu.h>
#include <base/spinlock.h>
#include <lib/list.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/failalloc.h>

#define SLAB_SIZE_MAX 2048ul /* larger objects: page_alloc, or kmalloc which does that */

struct slab_object {
    struct slab_object *next;
    u64 mark; /* SLAB_MARK(address) while free */
};

/* Derived from the address, so that no two objects share it; costs one instruction. */
#define SLAB_MARK(object) (~(u64)(object))

struct slab_cpu {
    struct slab_object *head;
    u64 count;
};

struct slab_cache {
    struct slab_cpu cpu[CPU_MAX];
    u32 limit; /* a cpu's list holds no more; 0 until first use, as the rest of the geometry */
    u32 batch; /* objects moved between a cpu's list and the slabs at once */
    const char *name;
    u32 size;     /* of an object as asked for */
    u32 stride;   /* from object to object */
    u32 per_slab; /* objects in a slab */
    bool off_slab;
    struct spinlock lock; /* protects what follows, and the slabs */
    u32 slabs;            /* that exist */
    u32 idle;             /* free objects in slabs; those in the cpus' lists not counted */
    u32 empties;          /* slabs without an object handed out */
    struct list partial;  /* slabs with some free objects */
    struct list empty;    /* slabs with nothing but free objects */
    struct list link;     /* all caches in use; under the list's own lock */
};

/* DEBUG: room for a red zone behind the object. */
#define SLAB_REDZONE (DEBUG ? 8u : 0u)
#define SLAB_STRIDE(size, align)                                               \
    ALIGN_UP(MAX((u32)(size) + SLAB_REDZONE, (u32)sizeof(struct slab_object)), \
             MAX((u32)(align), (u32)sizeof(u64)))

#define SLAB_CACHE_INIT(var, cache_name, object_size, object_align)                            \
    {                                                                                          \
        .name = (cache_name), .size = (object_size),                                           \
        .stride = SLAB_STRIDE(object_size, object_align), .lock = SPINLOCK_INIT("slab cache"), \
        .partial = LIST_INIT((var).partial), .empty = LIST_INIT((var).empty),                  \
        .link = LIST_INIT((var).link),                                                         \
    }

/*
 * Defines a cache at file scope; ready at once. size <= SLAB_SIZE_MAX; align is a power of two, at
 * most 64.
 */
#define SLAB_CACHE(var, cache_name, object_size, object_align)                           \
    struct slab_cache var = SLAB_CACHE_INIT(var, cache_name, object_size, object_align); \
    static_assert((object_size) <= SLAB_SIZE_MAX && (object_align) <= 64, "too large")

/* The same at run time. The name must live as long as the cache. */
void slab_cache_init(struct slab_cache *c, const char *name, size_t size, size_t align);

/* Out of line: the slow halves of what follows. */
void *slab_alloc_slow(struct slab_cache *c);
void slab_free_slow(struct slab_cache *c, struct slab_object *o);
void slab_suspect(struct slab_cache *c, struct slab_object *o);
void slab_debug_allocated(struct slab_cache *c, void *object);
void slab_debug_freed(struct slab_cache *c, void *object);
__noreturn void slab_corrupt(struct slab_cache *c, const struct slab_object *o);

/* An object with undefined contents, or NULL when memory is out (or failalloc says so). */
static inline void *slab_alloc(struct slab_cache *c)
{
    irqflags_t irq = arch_irq_save();
    struct slab_cpu *sc = &c->cpu[cpu_id()];
    struct slab_object *o = sc->head;

    if (unlikely(!o || failalloc_armed)) {
        arch_irq_restore(irq);
        return slab_alloc_slow(c);
    }
    if (unlikely(o->mark != SLAB_MARK(o)))
        slab_corrupt(c, o);
    sc->head = o->next;
    sc->count--;
    arch_irq_restore(irq);
    o->mark = 0;
    if (DEBUG)
        slab_debug_allocated(c, o);
    return o;
}

/* The same filled with zeros. */
static inline void *slab_zalloc(struct slab_cache *c)
{
    void *object = slab_alloc(c);
    if (likely(object))
        memset(object, 0, c->size);
    return object;
}

/* Gives an object back; not NULL. A second time, or to another cache (DEBUG=1): panic. */
static inline void slab_free(struct slab_cache *c, void *object)
{
    struct slab_object *o = object;

    if (unlikely(o->mark == SLAB_MARK(o)))
        slab_suspect(c, o);
    if (DEBUG)
        slab_debug_freed(c, object);
    irqflags_t irq = arch_irq_save();
    struct slab_cpu *sc = &c->cpu[cpu_id()];
    if (unlikely(sc->count >= c->limit)) {
        arch_irq_restore(irq);
        slab_free_slow(c, o);
        return;
    }
    sc->count++;
    o->next = sc->head;
    o->mark = SLAB_MARK(o);
    sc->head = o;
    arch_irq_restore(irq);
}

/* The cache that a page of kind PAGE_SLAB belongs to. */
struct page;
struct slab_cache *slab_cache_of(const struct page *p);

/* --- kmalloc --------------------------------------------------------------------------------- */

#define KMALLOC_CLASSES 12
extern struct slab_cache kmalloc_cache[KMALLOC_CLASSES];

/* The class for a size of 1..SLAB_SIZE_MAX. Meant for sizes known to the compiler. */
static __always_inline unsigned kmalloc_class(size_t size)
{
    return size <= 16     ? 0
           : size <= 32   ? 1
           : size <= 64   ? 2
           : size <= 96   ? 3
           : size <= 128  ? 4
           : size <= 192  ? 5
           : size <= 256  ? 6
           : size <= 384  ? 7
           : size <= 512  ? 8
           : size <= 768  ? 9
           : size <= 1024 ? 10
                          : 11;
}

/* kmalloc for sizes that only run time knows. */
void *kmalloc_any(size_t size);

/*
 * `size` bytes, at least 8-byte aligned (whole pages above SLAB_SIZE_MAX: physically contiguous, up
 * to 4 MiB). NULL when memory is out, or size is 0 or too large. kzalloc: zeros.
 */
static __always_inline void *kmalloc(size_t size)
{
    if (__builtin_constant_p(size) && size > 0 && size <= SLAB_SIZE_MAX)
        return slab_alloc(&kmalloc_cache[kmalloc_class(size)]);
    return kmalloc_any(size);
}

static inline void *kzalloc(size_t size)
{
    void *p = kmalloc(size);
    if (likely(p))
        memset(p, 0, size);
    return p;
}

/* `count` elements of `size` bytes, zeros; NULL also when the product overflows. */
void *kcalloc(size_t count, size_t size);

/* Frees what kmalloc and its relatives gave; NULL is a no-op. What they did not give: panic. */
void kfree(void *p);

/* Bytes that may be used behind p: its size class or its pages. */
size_t kmalloc_size(const void *p);

/* --- account --------------------------------------------------------------------------------- */

struct slab_stats {
    const char *name;
    u32 size;
    u32 per_slab;
    u64 slabs;
    u64 used; /* objects handed out */
};

/* Statistics of cache number i; false behind the last. */
bool slab_stats(unsigned i, struct slab_stats *out);

/* Gives back this cpu's free objects and all empty slabs, of one cache or of all. Returns pages freed. */
u32 slab_shrink(struct slab_cache *c);
u32 slab_shrink_all(void);

/* Walks all caches: NULL, or what is wrong. Exact only while nobody else allocates or frees. */
const char *slab_check(void);
