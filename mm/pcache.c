/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page cache: frames of a file in a radix tree, and the pager that maps them.
 *
 * Frames are looked up under the cache's spinlock and held by a reference while they are copied, so
 * that a sink or source may fault and sleep. A frame is made without the lock and inserted under
 * it; whoever comes second uses the first one's. Radix nodes come from a slab, which may be used
 * under a spinlock.
 */
#include <base/panic.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/pcache.h>
#include <mm/slab.h>

static SLAB_CACHE(node_cache, "radix node", sizeof(struct radix_node), 8);

static struct radix_node *node_alloc(void)
{
    return slab_alloc(&node_cache);
}

static void node_free(struct radix_node *node)
{
    slab_free(&node_cache, node);
}

static const struct radix_ops node_ops = {.alloc = node_alloc, .free = node_free};

/* Files end below this: offsets stay positive as signed numbers. */
#define SIZE_LIMIT ((u64)1 << 63)

/* Clears a booked frame before it is seen, and those behind it that are likely to be wanted next. */
static __noinline void clear_booked(struct pcache *pc, u64 index)
{
    u64 last = index + (pc->ops ? pc->ops->ahead : 0);
    struct page *page;

    for (u64 at = index; (page = radix_next(&pc->frames, &at)) && at <= last; at++) {
        if (!(page->flags & PAGE_F_BOOKED))
            continue;
        page_zero(page_to_virt(page));
        page_clear_flags(page, PAGE_F_BOOKED);
    }
}

/* The frame at `index`, whose contents are to be seen, or NULL. Under the lock. */
static inline struct page *look(struct pcache *pc, u64 index)
{
    struct page *page = radix_lookup(&pc->frames, index);

    if (page && unlikely(page->flags & PAGE_F_BOOKED))
        clear_booked(pc, index);
    return page;
}

static struct page *lookup(struct pcache *pc, u64 index)
{
    irqflags_t irq = spin_lock(&pc->lock);
    struct page *page = look(pc, index);

    if (page)
        page_get(page);
    spin_unlock(&pc->lock, irq);
    return page;
}

/* Frames that the contents have, the last one in part. */
static u64 frames_of(u64 size)
{
    return (size >> PAGE_SHIFT) + (size % PAGE_SIZE != 0);
}

/* The owner may count frames, and allow only so many. */
static bool charge(struct pcache *pc)
{
    return !pc->ops || !pc->ops->charge || pc->ops->charge(pc);
}

static void uncharge(struct pcache *pc, u64 frames)
{
    if (pc->ops && pc->ops->uncharge && frames)
        pc->ops->uncharge(pc, frames);
}

/*
 * Inserts the page, which has a reference for the tree and one for the caller, or takes
 * another's. within: -EIO when the contents end before it, for they may have been cut meanwhile, and
 * nobody would ever look behind the end again.
 */
static struct page *insert_or_take(struct pcache *pc, u64 index, struct page *page, bool within)
{
    irqflags_t irq = spin_lock(&pc->lock);
    int err =
        within && index >= frames_of(pc->size) ? -EIO : radix_insert(&pc->frames, index, page);
    struct page *winner = page;

    if (err == -EEXIST) {
        winner = look(pc, index);
        page_get(winner);
    }
    spin_unlock(&pc->lock, irq);
    if (err) {
        page_put(page);
        page_put(page);
        uncharge(pc, 1);
    }
    return err && err != -EEXIST ? ERR_PTR(err) : winner;
}

static struct page *make(struct pcache *pc, u64 index, bool within)
{
    if (!charge(pc))
        return ERR_PTR(-ENOSPC);
    struct page *page = page_alloc(0, PA_ZERO, PAGE_FILE);
    int err = !page ? -ENOMEM : pc->ops && pc->ops->fill ? pc->ops->fill(pc, index, page) : 0;
    if (err) {
        if (page)
            page_put(page);
        uncharge(pc, 1);
        return ERR_PTR(err);
    }
    page_get(page);
    return insert_or_take(pc, index, page, within);
}

static bool has_backing(const struct pcache *pc)
{
    return pc->ops && pc->ops->fill;
}

/* Without taking what is booked already for seen. */
static bool is_there(struct pcache *pc, u64 index)
{
    irqflags_t irq = spin_lock(&pc->lock);
    bool there = radix_lookup(&pc->frames, index);

    spin_unlock(&pc->lock, irq);
    return there;
}

int pcache_book(struct pcache *pc, u64 index)
{
    if (is_there(pc, index))
        return 0;
    if (!charge(pc))
        return -ENOSPC;
    struct page *page = page_alloc(0, 0, PAGE_FILE);
    if (!page) {
        uncharge(pc, 1);
        return -ENOMEM;
    }
    page_set_flags(page, PAGE_F_BOOKED);
    page_get(page);
    page = insert_or_take(pc, index, page, false);
    if (IS_ERR(page))
        return (int)PTR_ERR(page);
    page_put(page);
    return 0;
}

struct page *pcache_get(struct pcache *pc, u64 index, bool alloc)
{
    struct page *page = lookup(pc, index);

    return page || !alloc ? page : make(pc, index, false);
}

/* The frame at `index`, made if need be; -EIO where the contents have ended. */
static struct page *get_within(struct pcache *pc, u64 index)
{
    if (index >= frames_of(pcache_size(pc)))
        return ERR_PTR(-EIO);
    struct page *page = lookup(pc, index);
    return page ? page : make(pc, index, true);
}

int pcache_insert(struct pcache *pc, u64 index, struct page *page)
{
    if (!charge(pc))
        return -ENOSPC;
    irqflags_t irq = spin_lock(&pc->lock);
    int err = radix_insert(&pc->frames, index, page);

    spin_unlock(&pc->lock, irq);
    if (err)
        uncharge(pc, 1);
    return err;
}

u64 pcache_size(struct pcache *pc)
{
    return READ_ONCE(pc->size);
}

void pcache_set_size(struct pcache *pc, u64 size)
{
    WRITE_ONCE(pc->size, size);
}

u64 pcache_frames(struct pcache *pc)
{
    return READ_ONCE(pc->frames.entries);
}

/* --- read and write --------------------------------------------------------------------------- */

/* Bytes from off to the end of its page, at most n. */
static size_t in_page(u64 off, u64 n)
{
    u64 room = PAGE_SIZE - off % PAGE_SIZE;

    return (size_t)MIN(room, n);
}

/* What a hole reads as. Constant, so that no frame is charged for reading. */
static char
    zeroes[PAGE_SIZE] __aligned(8); /* not const: as constants they would take room in the image */

static int read_part(struct pcache *pc, u64 off, size_t n, pcache_sink sink, void *ctx)
{
    struct page *page = pcache_get(pc, off >> PAGE_SHIFT, has_backing(pc));

    if (IS_ERR(page))
        return (int)PTR_ERR(page);
    if (!page)
        return sink(ctx, zeroes, n);
    int err = sink(ctx, (const char *)page_to_virt(page) + off % PAGE_SIZE, n);
    page_put(page);
    return err;
}

ssize_t pcache_read(struct pcache *pc, u64 off, size_t len, pcache_sink sink, void *ctx)
{
    u64 size = pcache_size(pc);
    size_t done = 0;

    if (off >= size)
        return 0;
    len = (size_t)MIN(len, size - off);
    while (done < len) {
        size_t n = in_page(off + done, len - done);
        int err = read_part(pc, off + done, n, sink, ctx);
        if (err)
            return done ? (ssize_t)done : err;
        done += n;
    }
    return (ssize_t)done;
}

/* Clears [off, off + n) of a frame that is there; a hole is clear already. */
static void clear_part(struct pcache *pc, u64 off, size_t n)
{
    struct page *page = lookup(pc, off >> PAGE_SHIFT);

    if (!page)
        return;
    memset((char *)page_to_virt(page) + off % PAGE_SIZE, 0, n);
    page_put(page);
}

/* Clears what a program with a mapping may have left behind the end, before the end moves up. */
static void clear_behind(struct pcache *pc, u64 size)
{
    if (size % PAGE_SIZE)
        clear_part(pc, size, PAGE_SIZE - size % PAGE_SIZE);
}

static void grow_to(struct pcache *pc, u64 size)
{
    irqflags_t irq = spin_lock(&pc->lock);

    if (size > pc->size)
        WRITE_ONCE(pc->size, size);
    spin_unlock(&pc->lock, irq);
}

static int write_part(struct pcache *pc, u64 off, size_t n, pcache_source source, void *ctx)
{
    struct page *page = pcache_get(pc, off >> PAGE_SHIFT, true);

    if (IS_ERR(page))
        return (int)PTR_ERR(page);
    char *at = (char *)page_to_virt(page) + off % PAGE_SIZE;
    int err = source(ctx, at, n);
    u64 size = pcache_size(pc);
    if (unlikely(err && off + n > size)) /* half a write must not show when the file grows */
        memset(at + (MAX(size, off) - off), 0, off + n - MAX(size, off));
    page_clear_flags(page, PAGE_F_ICACHE);
    page_put(page);
    return err;
}

ssize_t pcache_write(struct pcache *pc, u64 off, size_t len, pcache_source source, void *ctx)
{
    size_t done = 0;

    if (off >= SIZE_LIMIT)
        return len ? -EFBIG : 0;
    len = (size_t)MIN(len, SIZE_LIMIT - off);
    if (off > pcache_size(pc))
        clear_behind(pc, pcache_size(pc));
    while (done < len) {
        size_t n = in_page(off + done, len - done);
        int err = write_part(pc, off + done, n, source, ctx);
        if (err)
            return done ? (ssize_t)done : err;
        done += n;
        grow_to(pc, off + done);
    }
    return (ssize_t)done;
}

static int to_kernel(void *ctx, const void *frame, size_t n)
{
    char **dst = ctx;

    memcpy(*dst, frame, n);
    *dst += n;
    return 0;
}

static int from_kernel(void *ctx, void *frame, size_t n)
{
    const char **src = ctx;

    memcpy(frame, *src, n);
    *src += n;
    return 0;
}

ssize_t pcache_read_kernel(struct pcache *pc, u64 off, void *dst, size_t len)
{
    return pcache_read(pc, off, len, to_kernel, &dst);
}

ssize_t pcache_write_kernel(struct pcache *pc, u64 off, const void *src, size_t len)
{
    return pcache_write(pc, off, len, from_kernel, &src);
}

/* --- shrinking -------------------------------------------------------------------------------- */

static void drop_frame(void *entry, void *context)
{
    (void)context;
    page_put(entry);
}

#define REMOVE_BATCH 32 /* frames that go while the lock is held once */

/* Takes the frames of [first, end) out, a batch at a time: files may be large, and interrupts are off. */
static void remove_frames(struct pcache *pc, u64 first, u64 end)
{
    for (bool more = true; more;) {
        u32 n = 0;
        irqflags_t irq = spin_lock(&pc->lock);
        while (n < REMOVE_BATCH && more) {
            more = radix_next(&pc->frames, &first) && first < end;
            if (more) {
                page_put(radix_remove(&pc->frames, first));
                n++;
            }
        }
        spin_unlock(&pc->lock, irq);
        uncharge(pc, n);
    }
}

void (*pcache_gone)(struct pager *pager, u64 first, u64 end, bool copies);

/* Programs that have mapped these frames must not see them any longer. */
static void tell_gone(struct pcache *pc, u64 first, u64 end, bool copies)
{
    if (pcache_gone && atomic_load_acquire(&pc->pager.mappings))
        pcache_gone(&pc->pager, first, end, copies);
}

int pcache_truncate(struct pcache *pc, u64 size)
{
    if (size > SIZE_LIMIT)
        return -EFBIG;
    u64 old = pcache_size(pc);
    if (size > old)
        clear_behind(pc, old);
    irqflags_t irq = spin_lock(&pc->lock);
    WRITE_ONCE(pc->size, size);
    spin_unlock(&pc->lock, irq);
    if (size >= old)
        return 0;
    remove_frames(pc, frames_of(size), ~0ul);
    clear_behind(pc, size);
    tell_gone(pc, frames_of(size), ~0ul, true);
    return 0;
}

void pcache_punch(struct pcache *pc, u64 off, u64 len)
{
    u64 end = len > SIZE_LIMIT - MIN(off, SIZE_LIMIT) ? SIZE_LIMIT : off + len;
    u64 first = ALIGN_UP(off, PAGE_SIZE);
    u64 last = ALIGN_DOWN(end, PAGE_SIZE);

    if (off >= end)
        return;
    if (first > last) { /* inside of one page */
        clear_part(pc, off, (size_t)(end - off));
        return;
    }
    if (off < first)
        clear_part(pc, off, (size_t)(first - off));
    if (last < end)
        clear_part(pc, last, (size_t)(end - last));
    remove_frames(pc, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
    tell_gone(pc, first >> PAGE_SHIFT, last >> PAGE_SHIFT, false);
}

void pcache_destroy(struct pcache *pc)
{
    uncharge(pc, pcache_frames(pc));
    radix_truncate(&pc->frames, 0, drop_frame, NULL);
}

/* --- the pager -------------------------------------------------------------------------------- */

static struct pcache *of(struct pager *pager)
{
    return container_of(pager, struct pcache, pager);
}

static struct page *pager_get(struct pager *pager, u64 index, bool write)
{
    struct page *page = get_within(of(pager), index);

    if (page == ERR_PTR(-ENOSPC))
        return ERR_PTR(-EIO); /* a full file system: SIGBUS, as behind the end */
    /* Who writes through the mapping may write code: it is looked at anew when it is mapped for that. */
    if (write && !IS_ERR(page)) {
        page_set_flags(page, PAGE_F_DIRTY);
        page_clear_flags(page, PAGE_F_ICACHE);
    }
    return page;
}

static void pager_peek(struct pager *pager, u64 index, unsigned n, struct page **out)
{
    struct pcache *pc = of(pager);
    irqflags_t irq = spin_lock(&pc->lock);
    u64 end = MIN(index + n, frames_of(pc->size));
    u64 at = index;

    memset(out, 0, n * sizeof(out[0]));
    for (struct page *page; (page = radix_next(&pc->frames, &at)) && at < end; at++) {
        if (page->flags & PAGE_F_BOOKED)
            continue;
        page_get(page);
        out[at - index] = page;
    }
    spin_unlock(&pc->lock, irq);
}

static void pager_hold(struct pager *pager)
{
    struct pcache *pc = of(pager);

    if (pc->ops && pc->ops->hold)
        pc->ops->hold(pc);
}

static void pager_release(struct pager *pager)
{
    struct pcache *pc = of(pager);

    if (pc->ops && pc->ops->release)
        pc->ops->release(pc);
}

static void pager_writers(struct pager *pager, int change)
{
    struct pcache *pc = of(pager);

    if (pc->ops && pc->ops->count_writers)
        pc->ops->count_writers(pc, change);
}

static const char *pager_name(struct pager *pager, char *buf, size_t len)
{
    struct pcache *pc = of(pager);

    return pc->ops && pc->ops->name ? pc->ops->name(pc, buf, len) : "";
}

static void pager_identity(struct pager *pager, u64 *dev, u64 *ino)
{
    struct pcache *pc = of(pager);

    *dev = 0;
    *ino = 0;
    if (pc->ops && pc->ops->identity)
        pc->ops->identity(pc, dev, ino);
}

static u64 pager_size(struct pager *pager)
{
    return pcache_size(of(pager));
}

static const struct pager_ops pager_ops = {
    .get = pager_get,
    .peek = pager_peek,
    .hold = pager_hold,
    .release = pager_release,
    .count_writers = pager_writers,
    .name = pager_name,
    .identity = pager_identity,
    .size = pager_size,
};

const struct pcache *pcache_if_pager(const struct pager *pager)
{
    return pager->ops == &pager_ops ? container_of(pager, struct pcache, pager) : NULL;
}

void pcache_init(struct pcache *pc, const struct pcache_ops *ops)
{
    *pc = (struct pcache){.pager = {.ops = &pager_ops}, .ops = ops};
    spin_init(&pc->lock, "page cache");
    radix_init(&pc->frames, &node_ops);
}
