/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory banks and reserved ranges of the device tree, walked without storage.
 *
 * Sources: Devicetree Specification v0.4, sections 3.4 (/memory), 3.5 (/reserved-memory) and 5.3
 * (memory reservation block). Old firmware reserves itself by child names alone (mmode_resv*,
 * opensbi*, without no-map), and still older firmware not at all: hence the two additions.
 * Both walks are pure: they may be repeated. Boot cpu only, no locks.
 */
#include "region_scan.h"
#include <arch/boot.h>
#include <arch/mmu.h>
#include <base/log.h>
#include <lib/errno.h>
#include <lib/fdt.h>
#include <lib/string.h>
#include <lib/types.h>

/* Firmware that announces nothing lies at the start of the bank into which it loads the kernel. */
#define FIRMWARE_SIZE (2 * MiB)

#define scan_warn(scan, ...)                  \
    do {                                      \
        if ((scan)->report)                   \
            log_warn("memory: " __VA_ARGS__); \
    } while (0)

void scan_begin(struct scan_walk *w, const struct scan *s)
{
    *w = (struct scan_walk){.scan = s, .node = -1};
}

/* --- banks ----------------------------------------------------------------------------------- */

static bool is_memory_node(const struct fdt *fdt, int node)
{
    const char *type = fdt_get_string(fdt, node, "device_type");
    return type && !strcmp(type, "memory") && fdt_status_okay(fdt, node);
}

/* Cuts a bank to whole pages below `limit`; false when nothing is left of it. */
static bool clip_bank(const struct scan *s, u64 base, u64 size, paddr_t *start, paddr_t *end)
{
    if (!size) {
        scan_warn(s, "bank at 0x%lx is empty, left out", base);
        return false;
    }
    if (base + size < base) /* ends exactly at 2^64 */
        size--;
    if (base + size > DIRECT_SIZE) {
        u64 lost = base + size - MAX(base, DIRECT_SIZE);
        scan_warn(s, "%lu MiB of RAM above %lu GiB are out of reach, left unused", lost / MiB,
                  DIRECT_SIZE / GiB);
    }
    *start = ALIGN_UP(MIN(base, DIRECT_SIZE), PAGE_SIZE);
    *end = ALIGN_DOWN(MIN(base + size, DIRECT_SIZE), PAGE_SIZE);
    return *start < *end;
}

/*
 * The next entry of the node's reg; false behind the last. Addresses are the cpu's: both places
 * where this is used are below the root. Entries that make no sense are left out, with one message.
 */
static bool next_reg(struct scan_walk *w, u64 *base, u64 *size)
{
    const struct scan *s = w->scan;
    struct fdt_prop reg;

    fdt_get(s->fdt, w->node, "reg", &reg);
    while (w->i < reg.len / sizeof(u32)) {
        int rc = fdt_reg_raw(s->fdt, w->node, w->i++, base, size);
        if (!rc)
            return true;
        if (rc == -ENOENT)
            break;
        if (!w->bad++)
            scan_warn(s, "%s: reg makes no sense or wraps around, left out",
                      fdt_node_name(s->fdt, w->node));
    }
    return false;
}

/* The memory nodes are looked for once: the walks begin at the first and end at the last. */
static void find_memory_nodes(struct scan *s)
{
    int node;

    s->memory_first = s->memory_last = -ENOENT;
    fdt_for_each_child (node, s->fdt, FDT_ROOT) {
        if (!is_memory_node(s->fdt, node))
            continue;
        if (s->memory_first < 0)
            s->memory_first = node;
        s->memory_last = node;
    }
}

static bool next_memory_node(struct scan_walk *w)
{
    const struct scan *s = w->scan;

    if (w->node == s->memory_last)
        return false;
    w->i = w->bad = 0;
    do
        w->node = w->node < 0 ? s->memory_first : fdt_next_sibling(s->fdt, w->node);
    while (w->node != s->memory_last && !is_memory_node(s->fdt, w->node));
    return true;
}

bool scan_bank(struct scan_walk *w, paddr_t *start, paddr_t *end)
{
    u64 base, size;

    do {
        while (w->node >= 0 && next_reg(w, &base, &size))
            if (clip_bank(w->scan, base, size, start, end))
                return true;
    } while (next_memory_node(w));
    return false;
}

/* The bank that holds pa. */
static bool find_bank(const struct scan *s, paddr_t pa, paddr_t *start, paddr_t *end)
{
    struct scan quiet = *s;
    struct scan_walk w;

    quiet.report = false;
    scan_begin(&w, &quiet);
    while (scan_bank(&w, start, end))
        if (pa >= *start && pa < *end)
            return true;
    return false;
}

/* --- holes ----------------------------------------------------------------------------------- */

/* Holes grow to whole pages; one that wraps reaches to the top. False when it is empty. */
static bool set_hole(struct scan_hole *h, u64 base, u64 size, const char *reason,
                     enum scan_kind kind)
{
    u64 end = base + size < base ? ALIGN_DOWN(~0ul, PAGE_SIZE) : base + size;

    *h = (struct scan_hole){.start = ALIGN_DOWN(base, PAGE_SIZE), .reason = reason, .kind = kind};
    h->end = MAX(end, ALIGN_UP(end, PAGE_SIZE)); /* ALIGN_UP may wrap to 0 */
    return size && h->start < h->end;
}

static bool hole_old_tree(struct scan_walk *w, struct scan_hole *out)
{
    const struct boot_info *info = w->scan->info;
    return !w->i++ && set_hole(out, info->fdt_pa, info->fdt_size, "device tree", SCAN_OLD_TREE);
}

static bool hole_initrd(struct scan_walk *w, struct scan_hole *out)
{
    const struct scan *s = w->scan;
    return !w->i++ &&
           set_hole(out, s->initrd_start, s->initrd_end - s->initrd_start, "initrd", SCAN_INITRD);
}

static bool hole_kernel(struct scan_walk *w, struct scan_hole *out)
{
    const struct boot_info *info = w->scan->info;
    return !w->i++ && set_hole(out, info->image_pa, info->image_size, "kernel", SCAN_KERNEL);
}

static bool hole_memreserve(struct scan_walk *w, struct scan_hole *out)
{
    u64 base, size;

    while (fdt_reserved(w->scan->fdt, w->i, &base, &size)) {
        w->i++;
        if (set_hole(out, base, size, "memory reservation block", SCAN_HELD))
            return true;
    }
    return false;
}

static bool starts_with(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

static bool is_nomap(const struct fdt *fdt, int node)
{
    const char *name = fdt_node_name(fdt, node);
    return fdt_has(fdt, node, "no-map") || starts_with(name, "mmode_resv") ||
           starts_with(name, "opensbi");
}

/* The next child of /reserved-memory behind w->node (-1: the first). */
static bool next_child(struct scan_walk *w)
{
    const struct scan *s = w->scan;

    w->node =
        w->node < 0 ? fdt_first_child(s->fdt, s->reserved) : fdt_next_sibling(s->fdt, w->node);
    w->i = w->bad = 0;
    return w->node >= 0;
}

/*
 * The next range of an enabled child of /reserved-memory. A child without reg asks for memory
 * somewhere (size, alloc-ranges): that is a request to an operating system that has a use for it.
 */
static bool next_reserved(struct scan_walk *w, struct scan_hole *out)
{
    const struct scan *s = w->scan;
    u64 base, size;

    if (s->reserved < 0)
        return false;
    do {
        while (w->node >= 0 && fdt_status_okay(s->fdt, w->node) && next_reg(w, &base, &size))
            if (set_hole(out, base, size, fdt_node_name(s->fdt, w->node),
                         is_nomap(s->fdt, w->node) ? SCAN_NOMAP : SCAN_HELD))
                return true;
    } while (next_child(w));
    return false;
}

static bool next_reserved_kind(struct scan_walk *w, struct scan_hole *out, enum scan_kind kind)
{
    while (next_reserved(w, out))
        if (out->kind == kind)
            return true;
    return false;
}

static bool hole_reserved(struct scan_walk *w, struct scan_hole *out)
{
    return next_reserved_kind(w, out, SCAN_HELD);
}

static bool hole_nomap(struct scan_walk *w, struct scan_hole *out)
{
    return next_reserved_kind(w, out, SCAN_NOMAP);
}

/* Whether the kernel or a reserved child lies in [start, end). */
static bool is_announced(const struct scan *s, paddr_t start, paddr_t end)
{
    struct scan quiet = *s;
    struct scan_walk w;
    struct scan_hole h;

    if (s->info->image_pa < end && s->info->image_pa + s->info->image_size > start)
        return true;
    quiet.report = false;
    scan_begin(&w, &quiet);
    while (next_reserved(&w, &h))
        if (h.start < end && h.end > start)
            return true;
    return false;
}

static bool hole_firmware(struct scan_walk *w, struct scan_hole *out)
{
    paddr_t start, end;

    if (w->i++ || !find_bank(w->scan, w->scan->info->image_pa, &start, &end))
        return false;
    end = MIN(end, start + FIRMWARE_SIZE);
    return !is_announced(w->scan, start, end) &&
           set_hole(out, start, end - start, "firmware (announces nothing)", SCAN_NOMAP);
}

/*
 * In ascending order of authority. The initrd beats the reservation block, where some boot loaders
 * list it, and the guess about firmware; what the tree reserves by name beats the initrd.
 */
static bool (*const hole_stages[])(struct scan_walk *, struct scan_hole *) = {
    hole_memreserve, hole_old_tree, hole_firmware, hole_initrd,
    hole_reserved,   hole_nomap,    hole_kernel,
};

bool scan_hole(struct scan_walk *w, struct scan_hole *out)
{
    for (; w->stage < ARRAY_SIZE(hole_stages); w->stage++, w->node = -1, w->i = 0)
        if (hole_stages[w->stage](w, out))
            return true;
    return false;
}

/* --- the initrd ------------------------------------------------------------------------------ */

void scan_init(struct scan *s, const struct boot_info *info, const struct fdt *fdt)
{
    *s = (struct scan){.fdt = fdt, .info = info, .report = true};
    find_memory_nodes(s);
    s->reserved = fdt_find_path(fdt, "/reserved-memory");
    if (s->reserved >= 0 && !fdt_status_okay(fdt, s->reserved))
        s->reserved = -ENOENT;

    u64 start, end;
    int chosen = fdt_find_path(fdt, "/chosen");

    if (chosen < 0 || fdt_get_u64(fdt, chosen, "linux,initrd-start", &start) ||
        fdt_get_u64(fdt, chosen, "linux,initrd-end", &end))
        return;
    if (start >= end || end > DIRECT_SIZE) {
        log_warn("memory: initrd from 0x%lx to 0x%lx makes no sense, ignored", start, end);
        return;
    }
    s->initrd_start = start;
    s->initrd_end = end;
}
