/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dtcheck: memory. The walks over banks and holes are the kernel's (mm/region_scan.c); so is the order
 * in which later holes override earlier ones. The kernel is assumed where boot loaders put it: 2 MiB
 * above the start of the lowest bank.
 */
#include "../../mm/region_scan.h"
#include "dtcheck.h"
#include <arch/boot.h>
#include <arch/mmu.h>
#include <lib/errno.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_OFFSET (2 * MiB)
#define MEMORY_LEAST  (12 * MiB) /* what reaches the shell in the tests */

const char reason_free[] = "free";
static const char tag_usable[] = "usable";

static int grow(struct interval_set *set, size_t capacity)
{
    capacity = MAX(capacity, 2 * set->capacity);
    struct interval *ranges = realloc(set->ranges, capacity * sizeof(*ranges));
    if (!ranges)
        abort();
    set->ranges = ranges;
    set->capacity = capacity;
    return 0;
}

/* --- as the tree says ------------------------------------------------------------------------- */

static bool next_reg(const struct fdt *fdt, int node, u32 *i, struct range *out)
{
    int error;
    do {
        error = fdt_reg_raw(fdt, node, (*i)++, &out->start, &out->size);
    } while (error && error != -ENOENT &&
             *i < 64); /* an entry that makes no sense is passed over */
    return !error;
}

static void list_memory(struct machine *m)
{
    struct range r;
    int node;
    fdt_for_each_child (node, m->fdt, FDT_ROOT) {
        const char *type = fdt_get_string(m->fdt, node, "device_type");
        if (!type || strcmp(type, "memory") || !fdt_status_okay(m->fdt, node))
            continue;
        for (u32 i = 0; next_reg(m->fdt, node, &i, &r);)
            *list_add(&m->memory) = r;
    }
}

static void list_reserved(struct machine *m)
{
    struct range r;
    int parent = fdt_find_path(m->fdt, "/reserved-memory"), node;
    if (parent < 0 || !fdt_status_okay(m->fdt, parent))
        return;
    fdt_for_each_child (node, m->fdt, parent)
        for (u32 i = 0; fdt_status_okay(m->fdt, node) && next_reg(m->fdt, node, &i, &r);)
            *list_add(&m->reserved) = r;
}

static void list_memreserve(struct machine *m)
{
    struct range r;
    for (u32 i = 0; fdt_reserved(m->fdt, i, &r.start, &r.size); i++)
        *list_add(&m->memreserve) = r;
}

/* --- as the kernel sees it --------------------------------------------------------------------- */

static bool find_lowest(const struct scan *s, paddr_t *lowest)
{
    struct scan quiet = *s;
    struct scan_walk w;
    paddr_t start, end;
    bool found = false;

    quiet.report = false;
    scan_begin(&w, &quiet);
    while (scan_bank(&w, &start, &end)) {
        *lowest = found ? MIN(*lowest, start) : start;
        found = true;
    }
    return found;
}

static void add_banks(struct machine *m, const struct scan *s)
{
    struct scan_walk w;
    paddr_t start, end;

    scan_begin(&w, s);
    while (scan_bank(&w, &start, &end)) {
        interval_add(&m->map, start, end, reason_free);
        interval_add(&m->usable, start, end, tag_usable);
    }
}

/* What the kernel itself will use (its own image, the initrd) is usable memory with a name. */
static void add_holes(struct machine *m, const struct scan *s)
{
    struct scan_walk w;
    struct scan_hole h;

    scan_begin(&w, s);
    while (scan_hole(&w, &h)) {
        interval_paint(&m->map, h.start, h.end, h.reason);
        if (h.kind == SCAN_HELD || h.kind == SCAN_NOMAP)
            interval_remove(&m->usable, h.start, h.end);
    }
}

static void judge(struct machine *m)
{
    u64 end = m->image_pa + m->image_size;

    if (interval_total(&m->usable, tag_usable) < MEMORY_LEAST)
        machine_wrong(m, "less than %lu MiB of memory are left for use", MEMORY_LEAST / MiB);
    else if (!interval_covers(&m->usable, m->image_pa, end, tag_usable))
        machine_wrong(m, "the kernel's place, 0x%lx-0x%lx, is reserved or not in RAM", m->image_pa,
                      end - 1);
}

void memory_read(struct machine *m)
{
    struct scan scan;
    paddr_t lowest;

    list_memory(m);
    list_reserved(m);
    list_memreserve(m);
    interval_init(&m->map, NULL, 0, grow, NULL);
    interval_init(&m->usable, NULL, 0, grow, NULL);
    struct boot_info info = {.image_size = m->image_size};
    scan_init(&scan, &info, m->fdt);
    if (!find_lowest(&scan, &lowest)) {
        machine_wrong(m, "the tree names no memory; firmware would have to add it");
        return;
    }
    m->image_pa = info.image_pa = ALIGN_UP(lowest, KERNEL_OFFSET) + KERNEL_OFFSET;
    add_banks(m, &scan);
    add_holes(m, &scan);
    judge(m);
}
