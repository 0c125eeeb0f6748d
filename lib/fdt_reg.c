/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses in device trees: a node's `reg` is in terms of its parent bus, and each bus on the way
 * up says in `ranges` where its addresses are in its own parent's terms (Devicetree Specification
 * v0.4, sections 2.3.5, 2.3.6 and 2.3.8).
 */
#include "fdt_internal.h"
#include <lib/errno.h>
#include <lib/fdt.h>
#include <lib/types.h>

/* How a bus writes addresses and sizes, in cells. */
struct bus_cells {
    u32 addr;
    u32 size;
};

struct region {
    u64 addr;
    u64 size;
};

/* A count of cells, or the specification's default where the property is missing. */
static int get_cells(const struct fdt *fdt, int bus, const char *name, u32 missing, u32 *out)
{
    int error = fdt_get_u32(fdt, bus, name, out);

    if (error == -ENOENT) {
        *out = missing;
        error = 0;
    }
    return error;
}

static int bus_cells_of(const struct fdt *fdt, int bus, struct bus_cells *out)
{
    int error = get_cells(fdt, bus, "#address-cells", 2, &out->addr);

    if (!error)
        error = get_cells(fdt, bus, "#size-cells", 1, &out->size);
    if (error)
        return error;
    if (out->addr > 2 || out->size > 2)
        return -EOPNOTSUPP;
    return out->addr ? 0 : -EINVAL;
}

/* Whether the region goes beyond the last address; it may end exactly there. */
static bool wraps(const struct region *region)
{
    return region->size && region->addr + (region->size - 1) < region->addr;
}

static int read_reg(const struct fdt *fdt, int node, int bus, u32 i, struct region *out)
{
    struct bus_cells cells;
    struct fdt_prop reg;
    u64 first, entry;
    int error;

    if (!fdt_get(fdt, node, "reg", &reg))
        return -ENOENT;
    error = bus_cells_of(fdt, bus, &cells);
    if (error)
        return error;
    entry = cells.addr + cells.size;
    if (reg.len % (4 * entry))
        return -EINVAL;
    first = i * entry;
    if (first >= reg.len / 4)
        return -ENOENT;
    out->addr = fdt_cells64(&reg, (u32)first, cells.addr);
    out->size = fdt_cells64(&reg, (u32)first + cells.addr, cells.size);
    return wraps(out) ? -EINVAL : 0;
}

/* Whether `region` lies in the `size` bytes from `start` on. */
static bool covers(u64 start, u64 size, const struct region *region)
{
    u64 offset = region->addr - start;

    return region->addr >= start && offset < size && region->size <= size - offset;
}

/* Translates from the addresses of `bus` to those of its parent. */
static int translate_once(const struct fdt *fdt, int bus, int parent, struct region *region)
{
    struct bus_cells child, up;
    struct fdt_prop ranges;
    u32 entry;
    int error;

    if (!fdt_get(fdt, bus, "ranges", &ranges))
        return -ENXIO;
    if (!ranges.len)
        return 0; /* the same addresses on both sides */
    error = bus_cells_of(fdt, bus, &child);
    if (!error)
        error = bus_cells_of(fdt, parent, &up);
    if (error)
        return error;
    entry = child.addr + up.addr + child.size;
    if (ranges.len % (4 * entry))
        return -EINVAL;
    for (u32 at = 0; at < ranges.len / 4; at += entry) {
        u64 from = fdt_cells64(&ranges, at, child.addr);
        u64 to = fdt_cells64(&ranges, at + child.addr, up.addr);
        u64 size = fdt_cells64(&ranges, at + child.addr + up.addr, child.size);

        if (!covers(from, size, region))
            continue;
        region->addr = region->addr - from + to;
        return region->addr < to || wraps(region) ? -EINVAL : 0;
    }
    return -ENXIO;
}

int fdt_reg_raw(const struct fdt *fdt, int node, u32 i, u64 *addr, u64 *size)
{
    int bus = fdt_parent(fdt, node);
    struct region region;
    int error;

    if (bus < 0)
        return -ENOENT;
    error = read_reg(fdt, node, bus, i, &region);
    if (error)
        return error;
    *addr = region.addr;
    *size = region.size;
    return 0;
}

int fdt_reg(const struct fdt *fdt, int node, u32 i, u64 *addr, u64 *size)
{
    int bus = fdt_parent(fdt, node);
    struct region region;
    int error;

    if (bus < 0)
        return -ENOENT;
    error = read_reg(fdt, node, bus, i, &region);
    while (!error && bus != FDT_ROOT) {
        int parent = fdt_parent(fdt, bus);

        error = translate_once(fdt, bus, parent, &region);
        bus = parent;
    }
    if (error)
        return error;
    *addr = region.addr;
    *size = region.size;
    return 0;
}
