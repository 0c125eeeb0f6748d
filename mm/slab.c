/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slabs: pages cut into objects of one size.
 *
 * A slab is one page and a struct slab, which lies at the page's end, or outside (off_slab) where the
 * header would cost an object; page.owner points to it. An object is in use, in a cpu's list, in its
 * slab's free list, or fresh: never cut off the page yet. slab.out counts the first two kinds. Fresh
 * objects are cut on demand, so a new slab costs nothing per object.
 *
 * Locks: cache.lock protects slabs and lists; a cpu's list is touched with interrupts off, by its
 * cpu only. Pages are allocated and freed without cache.lock. caches_lock protects the list of all
 * caches and is taken before a cache.lock. Hold times are bounded by a batch or a slab.
 */
#include <base/panic.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/page.h>
#include <mm/slab.h>

struct slab {
    struct list link; /* in cache.partial or cache.empty; in none when full */
    struct slab_cache *cache;
    u8 *base;
    struct slab_object *free;
    u32 out;   /* objects in use or in a cpu's list */
    u32 fresh; /* objects never cut: the last ones of the page */
};

#define OFF_SLAB_MIN \
    512u /* smaller objects: the header in the page costs less than an object's worth */
#define EMPTIES_KEPT 1u /* empty slabs that wait for the next burst */

#define BYTE_FREED 0x6b /* DEBUG: fills free objects behind their first two words */
#define BYTE_RED   0xbb /* DEBUG: fills what lies between an object's end and the next one */

static SLAB_CACHE(header_cache, "slab", sizeof(struct slab), 8);

static struct spinlock caches_lock = SPINLOCK_INIT("slab caches");
static struct list caches = LIST_INIT(caches);

/* --- geometry -------------------------------------------------------------------------------- */

/* Sets limit last: whoever finds it set finds the rest (slab_alloc_slow). */
static void set_geometry(struct slab_cache *c)
{
    u32 inside = (u32)(PAGE_SIZE - sizeof(struct slab)) / c->stride;
    u32 outside = (u32)PAGE_SIZE / c->stride;

    c->off_slab = c->stride >= OFF_SLAB_MIN && outside > inside;
    c->per_slab = c->off_slab ? outside : inside;
    c->batch = MAX(4, MIN(32, (u32)PAGE_SIZE / 2 / c->stride));
    atomic_store_release(&c->limit, 2 * c->batch);
}

/* First use of a cache. */
static void enlist(struct slab_cache *c)
{
    irqflags_t irq = spin_lock(&caches_lock);

    if (!list_linked(&c->link)) {
        set_geometry(c);
        list_push_back(&caches, &c->link);
    }
    spin_unlock(&caches_lock, irq);
}

void slab_cache_init(struct slab_cache *c, const char *name, size_t size, size_t align)
{
    ASSERT(size <= SLAB_SIZE_MAX && align <= 64 && !(align & (align - 1)));
    *c = (struct slab_cache)SLAB_CACHE_INIT(*c, name, (u32)size, align);
}

/* --- slabs ----------------------------------------------------------------------------------- */

static struct slab *slab_of(const void *object)
{
    return virt_to_page(object)->owner;
}

struct slab_cache *slab_cache_of(const struct page *p)
{
    const struct slab *s = p->owner;
    return s->cache;
}

static void free_slab(struct slab_cache *c, struct slab *s)
{
    struct page *p = virt_to_page(s->base);

    if (c->off_slab)
        slab_free(&header_cache, s);
    page_free(p, 0);
}

static struct slab *new_slab(struct slab_cache *c)
{
    struct page *p = page_alloc(0, 0, PAGE_SLAB);
    if (!p)
        return NULL;
    u8 *base = page_to_virt(p);
    struct slab *s = (void *)(base + PAGE_SIZE - sizeof(*s));
    if (c->off_slab)
        s = slab_alloc(&header_cache);
    if (!s) {
        page_free(p, 0);
        return NULL;
    }
    *s = (struct slab){.cache = c, .base = base, .fresh = c->per_slab};
    list_init(&s->link);
    p->owner = s;
    return s;
}

/* Cuts the next fresh object. */
static struct slab_object *cut(struct slab_cache *c, struct slab *s)
{
    struct slab_object *o = (void *)(s->base + (c->per_slab - s->fresh--) * (size_t)c->stride);

    if (DEBUG)
        memset(o, BYTE_FREED, c->stride);
    o->mark = SLAB_MARK(o);
    return o;
}

/* Takes one object out of a slab that has one. */
static struct slab_object *take(struct slab_cache *c, struct slab *s)
{
    struct slab_object *o = s->free;

    if (!o)
        o = cut(c, s);
    else if (unlikely(o->mark != SLAB_MARK(o)))
        slab_corrupt(c, o);
    else
        s->free = o->next;
    if (!s->out++)
        c->empties--;
    c->idle--;
    return o;
}

/* Puts a slab into the list where it belongs now. */
static void file(struct slab_cache *c, struct slab *s)
{
    list_remove(&s->link);
    if (!s->out)
        list_push_front(&c->empty, &s->link);
    else if (s->out < c->per_slab)
        list_push_front(&c->partial, &s->link);
}

/* A slab that has a free object: a used one rather than an empty one. */
static struct slab *pick(struct slab_cache *c)
{
    struct list *link = list_first(&c->partial);

    if (!link)
        link = list_first(&c->empty);
    return link ? list_entry(link, struct slab, link) : NULL;
}

/* --- between slabs and a cpu's list: interrupts off ------------------------------------------ */

static void push(struct slab_cpu *sc, struct slab_object *o)
{
    o->next = sc->head;
    o->mark = SLAB_MARK(o);
    sc->head = o;
    sc->count++;
}

static struct slab_object *pop(struct slab_cache *c, struct slab_cpu *sc)
{
    struct slab_object *o = sc->head;

    if (unlikely(o->mark != SLAB_MARK(o)))
        slab_corrupt(c, o);
    sc->head = o->next;
    sc->count--;
    return o;
}

/* Moves up to a batch into the list. */
static void fill(struct slab_cache *c, struct slab_cpu *sc)
{
    struct slab *s;

    spin_lock_nested(&c->lock);
    while (sc->count < c->batch && (s = pick(c))) {
        while (sc->count < c->batch && s->out < c->per_slab)
            push(sc, take(c, s));
        file(c, s);
    }
    spin_unlock_nested(&c->lock);
}

static void add_slab(struct slab_cache *c, struct slab *s)
{
    spin_lock_nested(&c->lock);
    c->slabs++;
    c->empties++;
    c->idle += c->per_slab;
    file(c, s);
    spin_unlock_nested(&c->lock);
}

/* Takes empty slabs out, all but `keep`, at most a batch; *doomed gets them. */
static u32 unlink_empties(struct slab_cache *c, u32 keep, struct list *doomed)
{
    u32 count = 0;

    for (; c->empties > keep && count < c->batch; count++) {
        struct list *link = list_pop_front(&c->empty);
        list_push_back(doomed, link);
        c->empties--;
        c->slabs--;
        c->idle -= c->per_slab;
    }
    return count;
}

static void give(struct slab_cache *c, struct slab_object *o)
{
    struct slab *s = slab_of(o);

    if (unlikely(s->cache != c))
        panic("slab %s: object %p belongs to slab %s", c->name, (void *)o, s->cache->name);
    o->next = s->free;
    s->free = o;
    c->idle++;
    if (!--s->out)
        c->empties++;
    if (!s->out || s->out == c->per_slab - 1)
        file(c, s);
}

/* Moves up to `count` objects back to their slabs, frees slabs that are empty then. Pages freed. */
static u32 flush(struct slab_cache *c, struct slab_cpu *sc, u64 count, u32 keep)
{
    struct list doomed = LIST_INIT(doomed);

    spin_lock_nested(&c->lock);
    while (sc->count && count--)
        give(c, pop(c, sc));
    u32 freed = unlink_empties(c, keep, &doomed);
    spin_unlock_nested(&c->lock);
    for (struct list *link; (link = list_pop_front(&doomed));)
        free_slab(c, list_entry(link, struct slab, link));
    return freed;
}

/* --- slow paths ------------------------------------------------------------------------------ */

void *slab_alloc_slow(struct slab_cache *c)
{
    if (failalloc_armed && failalloc_hit(c->name, c->size))
        return NULL;
    if (!atomic_load_acquire(&c->limit))
        enlist(c);
    irqflags_t irq = arch_irq_save();
    struct slab_cpu *sc = &c->cpu[cpu_id()];
    struct slab *s;
    struct slab_object *o = NULL;

    if (!sc->head)
        fill(c, sc);
    /* Other cpus may be faster and empty the new slab. */
    while (!sc->head && (s = new_slab(c))) {
        add_slab(c, s);
        fill(c, sc);
    }
    if (sc->head) {
        o = pop(c, sc);
        o->mark = 0;
    }
    arch_irq_restore(irq);
    if (DEBUG && o)
        slab_debug_allocated(c, o);
    return o;
}

/* The cpu's list is full. */
void slab_free_slow(struct slab_cache *c, struct slab_object *o)
{
    irqflags_t irq = arch_irq_save();
    struct slab_cpu *sc = &c->cpu[cpu_id()];

    push(sc, o);
    flush(c, sc, c->batch, EMPTIES_KEPT);
    arch_irq_restore(irq);
}

u32 slab_shrink(struct slab_cache *c)
{
    u32 freed = 0, some;

    do {
        irqflags_t irq = arch_irq_save();
        some = flush(c, &c->cpu[cpu_id()], c->limit, 0);
        arch_irq_restore(irq);
        freed += some;
    } while (some);
    return freed;
}

/* Cache number i in the list, or NULL. Caches are never taken out of it. */
static struct slab_cache *cache_at(unsigned i)
{
    irqflags_t irq = spin_lock(&caches_lock);
    struct list *pos;
    struct slab_cache *found = NULL;

    list_for_each (pos, &caches)
        if (!i--) {
            found = list_entry(pos, struct slab_cache, link);
            break;
        }
    spin_unlock(&caches_lock, irq);
    return found;
}

u32 slab_shrink_all(void)
{
    struct slab_cache *c;
    u32 freed = 0;

    for (unsigned i = 0; (c = cache_at(i)); i++)
        freed += slab_shrink(c);
    return freed + slab_shrink(&header_cache); /* headers of the slabs just freed */
}

/* --- misuse ---------------------------------------------------------------------------------- */

void slab_corrupt(struct slab_cache *c, const struct slab_object *o)
{
    panic("slab %s: object %p was written after it was freed", c->name, (const void *)o);
}

static bool in_list(const struct slab_object *list, const struct slab_object *o, u64 max)
{
    for (; list && max--; list = list->next)
        if (list == o)
            return true;
    return false;
}

/* Where the filling of a free object starts: behind link and mark. */
static size_t filled(const struct slab_cache *c)
{
    return c->size > sizeof(struct slab_object) ? c->size - sizeof(struct slab_object) : 0;
}

/* In DEBUG=1 a free object is filled as well, which no program stores by chance. */
static bool is_filled(const struct slab_cache *c, const struct slab_object *o)
{
    return DEBUG && filled(c) && !mem_find_not(o + 1, BYTE_FREED, filled(c));
}

/*
 * An object is freed whose second word says "free". Either it is free, or a program has guessed the
 * word and got it stored there. What can be looked at safely is looked at: this cpu's list, the
 * slab's, and the filling.
 */
void slab_suspect(struct slab_cache *c, struct slab_object *o)
{
    irqflags_t irq = spin_lock(&c->lock);
    const struct slab_cpu *sc = &c->cpu[cpu_id()];
    bool found = in_list(sc->head, o, sc->count) || in_list(slab_of(o)->free, o, c->per_slab) ||
                 is_filled(c, o);

    spin_unlock(&c->lock, irq);
    if (found)
        panic("slab %s: double free of object %p", c->name, (void *)o);
}

void slab_debug_allocated(struct slab_cache *c, void *object)
{
    u8 *body = (u8 *)object + sizeof(struct slab_object);

    if (mem_find_not(body, BYTE_FREED, filled(c)))
        slab_corrupt(c, object);
    memset((u8 *)object + c->size, BYTE_RED, c->stride - c->size);
}

void slab_debug_freed(struct slab_cache *c, void *object)
{
    struct page *p = virt_to_page(object);
    struct slab *s = p->owner;

    if (p->kind != PAGE_SLAB || s->cache != c)
        panic("slab %s: %p, freed, is no object of it but of %s", c->name, object,
              p->kind == PAGE_SLAB ? s->cache->name : page_kind_name(p->kind));
    if (((u8 *)object - s->base) % c->stride)
        panic("slab %s: %p, freed, is not the start of an object", c->name, object);
    if (mem_find_not((u8 *)object + c->size, BYTE_RED, c->stride - c->size))
        panic("slab %s: written behind the end of object %p", c->name, object);
    memset((u8 *)object + sizeof(struct slab_object), BYTE_FREED, filled(c));
}

/* --- account --------------------------------------------------------------------------------- */

static u64 listed(const struct slab_cache *c)
{
    u64 sum = 0;

    for (u32 cpu = 0; cpu < CPU_MAX; cpu++)
        sum += READ_ONCE(c->cpu[cpu].count);
    return sum;
}

bool slab_stats(unsigned i, struct slab_stats *out)
{
    struct slab_cache *c = cache_at(i);

    if (!c)
        return false;
    irqflags_t irq = spin_lock(&c->lock);
    u64 idle = c->idle + listed(c);
    *out = (struct slab_stats){.name = c->name,
                               .size = c->size,
                               .per_slab = c->per_slab,
                               .slabs = c->slabs,
                               .used = (u64)c->slabs * c->per_slab - idle};
    spin_unlock(&c->lock, irq);
    return true;
}

static const char *check_slab(const struct slab_cache *c, const struct slab *s)
{
    u32 free = 0;

    for (const struct slab_object *o = s->free; o; o = o->next)
        if (o->mark != SLAB_MARK(o) || slab_of(o) != s || ++free > c->per_slab)
            return "a slab's free list is broken";
    return s->out + free + s->fresh == c->per_slab ? NULL : "a slab has lost objects";
}

static const char *check_list(const struct slab_cache *c, const struct list *head, u32 *idle)
{
    const struct list *pos;

    list_for_each (pos, head) {
        const struct slab *s = list_entry(pos, struct slab, link);
        const char *why = check_slab(c, s);
        if (why)
            return why;
        *idle += c->per_slab - s->out;
    }
    return NULL;
}

static const char *check_cache(const struct slab_cache *c)
{
    u32 idle = 0;
    const char *why = check_list(c, &c->partial, &idle);

    if (!why)
        why = check_list(c, &c->empty, &idle);
    if (!why && idle != c->idle)
        why = "a slab cache has lost free objects";
    for (u32 cpu = 0; !why && cpu < CPU_MAX; cpu++) {
        u64 count = 0;
        for (const struct slab_object *o = c->cpu[cpu].head; o; o = o->next)
            count++;
        if (count != c->cpu[cpu].count)
            why = "a cpu's list of objects is not as long as counted";
    }
    return why;
}

const char *slab_check(void)
{
    struct slab_cache *c;
    const char *why = NULL;

    for (unsigned i = 0; !why && (c = cache_at(i)); i++) {
        irqflags_t irq = spin_lock(&c->lock);
        why = check_cache(c);
        spin_unlock(&c->lock, irq);
    }
    return why;
}
