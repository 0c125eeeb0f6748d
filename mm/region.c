/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The map of RAM, and early_alloc() on top of it.
 *
 * One sorted set of ranges; each carries a pointer to a struct reason, which says what the range is
 * for and whether it is free. The table has no fixed size: its first array, the reasons and the
 * tree's copy share one piece of RAM, sized by a first walk over the tree and placed by further
 * walks that keep clear of all that the tree reserves; later it grows by early_alloc() itself.
 * Boot cpu only until region_close(); after that only region_mark_free() changes anything, under
 * the lock of its caller's choice (page_release: boot time, one thread).
 */
#include "region_scan.h"
#include <arch/boot.h>
#include <arch/mmu.h>
#include <base/log.h>
#include <lib/errno.h>
#include <lib/fdt.h>
#include <lib/interval.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/page.h>
#include <mm/region.h>

struct reason {
    const char *text;
    enum region_use use;
};

static const struct reason reason_free = {"free", REGION_FREE};
static const struct reason reason_early = {"kernel tables", REGION_HELD};
static const struct reason reason_old_tree = {"device tree", REGION_HELD};
static const struct reason reason_initrd = {"initrd", REGION_HELD};
static const struct reason reason_kernel = {"kernel", REGION_HELD};

/* Ranges that one change can add, at most (lib/interval.h), and the slack that we keep. */
#define ROOM_PER_CHANGE 2
#define ROOM_SLACK      64

static struct interval_set ram;
static paddr_t initrd_start, initrd_end;
static paddr_t early_low; /* early_alloc() looks from here on first: near the image */
static bool all_mapped, closed;

static const char *tag_of(const struct reason *reason)
{
    return (const char *)reason;
}

static const struct reason *reason_of(const struct interval *range)
{
    return (const void *)range->tag;
}

/* --- the first piece of RAM ------------------------------------------------------------------ */

struct boot_block {
    paddr_t pa;
    size_t fdt_size, banks, holes;
    size_t capacity; /* ranges */
    struct interval *ranges;
    struct reason *reasons;
};

static void count_ranges(const struct scan *s, struct boot_block *b)
{
    struct scan_walk w;
    struct scan_hole h;
    paddr_t start, end;

    scan_begin(&w, s);
    while (scan_bank(&w, &start, &end))
        b->banks++;
    scan_begin(&w, s);
    while (scan_hole(&w, &h))
        b->holes++;
    b->capacity = (b->banks + b->holes) * ROOM_PER_CHANGE + ROOM_SLACK;
}

static size_t reasons_offset(const struct boot_block *b)
{
    return ALIGN_UP(b->fdt_size, 16) + b->capacity * sizeof(struct interval);
}

static size_t block_size(const struct boot_block *b)
{
    return ALIGN_UP(reasons_offset(b) + b->holes * sizeof(struct reason), PAGE_SIZE);
}

/* Whether [pa, pa + size) lies in one bank and clear of every hole. */
static bool is_spot(const struct scan *s, paddr_t pa, size_t size)
{
    struct scan_walk w;
    struct scan_hole h;
    paddr_t start, end;
    bool inside = false;

    scan_begin(&w, s);
    while (!inside && scan_bank(&w, &start, &end))
        inside = pa >= start && pa < end && size <= end - pa;
    if (!inside)
        return false;
    scan_begin(&w, s);
    while (scan_hole(&w, &h))
        if (pa < h.end && pa + size > h.start)
            return false;
    return true;
}

/* A spot behind the image, behind any other hole, or at a bank's start: one of these is free, or none. */
static int find_spot(const struct scan *s, size_t size, paddr_t *out)
{
    struct scan_walk w;
    struct scan_hole h;
    paddr_t start, end;

    *out = s->info->image_pa + s->info->image_size;
    if (is_spot(s, *out, size))
        return 0;
    scan_begin(&w, s);
    while (scan_hole(&w, &h))
        if (is_spot(s, *out = h.end, size))
            return 0;
    scan_begin(&w, s);
    while (scan_bank(&w, &start, &end))
        if (is_spot(s, *out = start, size))
            return 0;
    return -ENOMEM;
}

/* Whether banks cover [at, end), whatever order they come in. */
static bool in_banks(const struct scan *s, paddr_t at, paddr_t end)
{
    struct scan_walk w;
    paddr_t bank, bank_end, before;

    do {
        before = at;
        scan_begin(&w, s);
        while (scan_bank(&w, &bank, &bank_end))
            if (at >= bank && at < bank_end)
                at = bank_end;
    } while (at < end && at != before);
    return at >= end;
}

/* A tree of which not even this is true is some other machine's: nothing may be written where it says. */
static int check_image(const struct scan *s)
{
    const struct boot_info *info = s->info;

    if (in_banks(s, info->image_pa, info->image_pa + info->image_size))
        return 0;
    log_err("memory: the kernel at 0x%lx, %lu KiB, does not lie in the RAM of the device tree",
            info->image_pa, info->image_size / KiB);
    return -EINVAL;
}

/* Finds and maps the block, moves the tree into it. */
static int make_block(const struct scan *s, struct fdt *fdt, struct boot_block *b)
{
    b->fdt_size = fdt->total_size;
    count_ranges(s, b);
    if (!b->banks) {
        log_err("memory: the device tree names no memory");
        return -ENOENT;
    }
    int rc = check_image(s);
    if (rc)
        return rc;
    size_t size = block_size(b);
    if (find_spot(s, size, &b->pa) || arch_early_map(b->pa, size)) {
        log_err("memory: no room for %lu KiB of tables", size / KiB);
        return -ENOMEM;
    }
    u8 *block = phys_to_virt(b->pa);
    memcpy(block, fdt->blob, b->fdt_size);
    fdt->blob = block;
    b->ranges = (void *)(block + ALIGN_UP(b->fdt_size, 16));
    b->reasons = (void *)(block + reasons_offset(b));
    return 0;
}

/* --- recording ------------------------------------------------------------------------------- */

static bool overlaps_ram(paddr_t start, paddr_t end)
{
    for (size_t i = 0; i < ram.count; i++)
        if (ram.ranges[i].start < end && ram.ranges[i].end > start)
            return true;
    return false;
}

static void record_banks(const struct scan *s)
{
    struct scan_walk w;
    paddr_t start, end;

    scan_begin(&w, s);
    while (scan_bank(&w, &start, &end)) {
        if (overlaps_ram(start, end))
            log_warn("memory: bank at 0x%lx overlaps another one: counted once", start);
        interval_add(&ram, start, end, tag_of(&reason_free));
    }
}

/* The reason for a hole: a constant, or one in *next, which is used up then. */
static const struct reason *hole_reason(const struct scan_hole *h, struct reason **next)
{
    switch (h->kind) {
    case SCAN_OLD_TREE:
        return &reason_old_tree;
    case SCAN_INITRD:
        return &reason_initrd;
    case SCAN_KERNEL:
        return &reason_kernel;
    default:
        **next = (struct reason){h->reason, h->kind == SCAN_NOMAP ? REGION_NOMAP : REGION_HELD};
        return (*next)++;
    }
}

static void record_holes(const struct scan *s, struct boot_block *b)
{
    struct scan_walk w;
    struct scan_hole h;
    struct reason *next = b->reasons;

    scan_begin(&w, s);
    while (scan_hole(&w, &h))
        interval_paint(&ram, h.start, h.end, tag_of(hole_reason(&h, &next)));
}

/* An initrd of which a part is something else, or no RAM at all, cannot be trusted. */
static void check_initrd(const struct scan *s)
{
    if (s->initrd_start == s->initrd_end)
        return;
    if (!interval_covers(&ram, ALIGN_DOWN(s->initrd_start, PAGE_SIZE),
                         ALIGN_UP(s->initrd_end, PAGE_SIZE), tag_of(&reason_initrd))) {
        log_warn("memory: the initrd at 0x%lx overlaps a reservation or is not in RAM, ignored",
                 s->initrd_start);
        return;
    }
    initrd_start = s->initrd_start;
    initrd_end = s->initrd_end;
}

int region_init(const struct boot_info *info, struct fdt *fdt)
{
    struct scan s;
    struct boot_block b = {0};

    scan_init(&s, info, fdt);
    s.report = false;
    int rc = make_block(&s, fdt, &b);
    if (rc)
        return rc;
    interval_init(&ram, b.ranges, b.capacity, NULL, NULL);
    s.report = true;
    record_banks(&s);
    record_holes(&s, &b);
    interval_paint(&ram, b.pa, b.pa + block_size(&b), tag_of(&reason_early));
    early_low = info->image_pa;
    check_initrd(&s);
    return 0;
}

/* --- early allocation ------------------------------------------------------------------------ */

static int find_free(size_t size, size_t align, paddr_t low, paddr_t high, paddr_t *out)
{
    return interval_find_low(&ram, size, align, low, high, tag_of(&reason_free), out);
}

static int map_early(paddr_t pa, size_t size)
{
    return all_mapped ? 0 : arch_early_map(pa, size);
}

/* Moves the table into an array of twice the size. The old array's frames stay held. */
static int grow_table(void)
{
    size_t size = ALIGN_UP(ram.capacity * 2 * sizeof(struct interval), PAGE_SIZE);
    paddr_t pa;

    if (find_free(size, PAGE_SIZE, early_low, ~0ul, &pa) &&
        find_free(size, PAGE_SIZE, 0, ~0ul, &pa))
        return -ENOMEM;
    int rc = map_early(pa, size);
    if (rc)
        return rc;
    struct interval *larger = phys_to_virt(pa);
    memcpy(larger, ram.ranges, ram.count * sizeof(*larger));
    ram.ranges = larger;
    ram.capacity = size / sizeof(*larger);
    return interval_paint(&ram, pa, pa + size, tag_of(&reason_early));
}

/* Growing takes a change itself. */
static int make_room(size_t changes)
{
    size_t want = (changes + 1) * ROOM_PER_CHANGE;
    return ram.count + want <= ram.capacity ? 0 : grow_table();
}

void *early_alloc_in(size_t size, size_t align, paddr_t low, paddr_t high)
{
    paddr_t pa;

    size = ALIGN_UP(size, PAGE_SIZE);
    if (closed || make_room(1) || find_free(size, MAX(align, PAGE_SIZE), low, high, &pa) ||
        map_early(pa, size))
        return NULL;
    interval_paint(&ram, pa, pa + size, tag_of(&reason_early));
    return phys_to_virt(pa);
}

void *early_alloc(size_t size, size_t align)
{
    void *p = early_alloc_in(size, align, early_low, ~0ul);

    if (!p)
        p = early_alloc_in(size, align, 0, early_low);
    return p ? memset(p, 0, ALIGN_UP(size, PAGE_SIZE)) : NULL;
}

static const struct interval *find_old_tree(void)
{
    for (size_t i = 0; i < ram.count; i++)
        if (ram.ranges[i].tag == tag_of(&reason_old_tree))
            return &ram.ranges[i];
    return NULL;
}

void early_all_mapped(void)
{
    const struct interval *r;

    all_mapped = true;
    while ((r = find_old_tree())) {
        memset(phys_to_virt(r->start), 0, r->end - r->start);
        interval_paint(&ram, r->start, r->end, tag_of(&reason_free));
    }
}

/* --- the way into the buddy ------------------------------------------------------------------ */

void region_close(void)
{
    if (make_room(ROOM_SLACK / ROOM_PER_CHANGE))
        log_warn("memory: the region table cannot grow: memory given back later may be lost");
    closed = true;
}

int region_mark_free(paddr_t start, paddr_t end)
{
    for (paddr_t pa = start; pa < end;) {
        const struct interval *r = interval_find(&ram, pa);
        if (!r || reason_of(r)->use != REGION_HELD)
            return -EINVAL;
        pa = r->end;
    }
    return interval_paint(&ram, start, end, tag_of(&reason_free));
}

/* --- questions ------------------------------------------------------------------------------- */

bool region_at(size_t i, struct region *out)
{
    if (i >= ram.count)
        return false;
    const struct interval *r = &ram.ranges[i];
    *out = (struct region){r->start, r->end, reason_of(r)->use, reason_of(r)->text};
    return true;
}

bool region_next_mapped(paddr_t from, paddr_t *start, paddr_t *end)
{
    bool found = false;

    for (size_t i = 0; i < ram.count; i++) {
        const struct interval *r = &ram.ranges[i];
        if (r->end <= from || reason_of(r)->use == REGION_NOMAP)
            continue;
        if (!found)
            *start = MAX(r->start, from);
        else if (r->start != *end)
            break;
        *end = r->end;
        found = true;
    }
    return found;
}

const char *region_reason(paddr_t pa)
{
    const struct interval *r = interval_find(&ram, pa);
    return r ? reason_of(r)->text : NULL;
}

u64 region_total(enum region_use use)
{
    u64 sum = 0;

    for (size_t i = 0; i < ram.count; i++)
        if (reason_of(&ram.ranges[i])->use == use)
            sum += ram.ranges[i].end - ram.ranges[i].start;
    return sum;
}

bool region_initrd(paddr_t *start, size_t *size)
{
    *start = initrd_start;
    *size = initrd_end - initrd_start;
    return initrd_start != initrd_end;
}

void region_print(void)
{
    static const char *const use_names[] = {
        [REGION_FREE] = "", [REGION_HELD] = "", [REGION_NOMAP] = ", never mapped"};
    struct region r;

    log_info("memory: %lu MiB, %lu KiB free",
             (region_total(REGION_FREE) + region_total(REGION_HELD) + region_total(REGION_NOMAP)) /
                 MiB,
             region_total(REGION_FREE) / KiB);
    for (size_t i = 0; region_at(i, &r); i++)
        log_info("memory:   0x%010lx-0x%010lx %8lu KiB  %s%s", r.start, r.end - 1,
                 (r.end - r.start) / KiB, r.reason, use_names[r.use]);
}
