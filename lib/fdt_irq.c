/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts in device trees (Devicetree Specification v0.4, section 2.4): `interrupts-extended`
 * names a controller for each interrupt; `interrupts` leaves that to interrupt-parent, on the node
 * or above.
 */
#include "fdt_internal.h"
#include <lib/errno.h>
#include <lib/fdt.h>
#include <lib/types.h>

/* The next node on the way from `node` to its controller. */
static int irq_parent_step(const struct fdt *fdt, int node)
{
    u32 phandle;
    int error = fdt_get_u32(fdt, node, "interrupt-parent", &phandle);

    if (error == -ENOENT)
        return fdt_parent(fdt, node);
    if (error)
        return error;
    node = fdt_find_by_phandle(fdt, phandle);
    return node < 0 ? -EINVAL : node;
}

int fdt_irq_parent(const struct fdt *fdt, int node)
{
    /* Phandles can lead in a circle; a real way is never longer than a path. */
    for (int steps = 0; steps < FDT_MAX_DEPTH; steps++) {
        node = irq_parent_step(fdt, node);
        if (node < 0 || fdt_has(fdt, node, "#interrupt-cells"))
            return node;
    }
    return -ELOOP;
}

/* Reads the specifier for out->controller from cell `at` on, and moves *pos behind it. */
static int read_specifier(const struct fdt *fdt, const struct fdt_prop *prop, u32 at, u32 *pos,
                          struct fdt_irq *out)
{
    u32 count;

    if (fdt_get_u32(fdt, out->controller, "#interrupt-cells", &count))
        return -EINVAL;
    if (count > FDT_IRQ_MAX_CELLS)
        return -EOPNOTSUPP;
    if (!count || count > prop->len / 4 - at)
        return -EINVAL;
    out->count = count;
    for (u32 i = 0; i < count; i++)
        out->cells[i] = fdt_cell(prop, at + i);
    *pos = 4 * (at + count);
    return 1;
}

static int next_extended(const struct fdt *fdt, const struct fdt_prop *prop, u32 *pos,
                         struct fdt_irq *out)
{
    u32 at = *pos / 4;
    u32 phandle = fdt_cell(prop, at);

    if (!phandle) {
        *out = (struct fdt_irq){.controller = -ENOENT};
        *pos += 4;
        return 1;
    }
    out->controller = fdt_find_by_phandle(fdt, phandle);
    if (out->controller < 0)
        return -EINVAL;
    return read_specifier(fdt, prop, at + 1, pos, out);
}

int fdt_irq_next(const struct fdt *fdt, int node, u32 *pos, struct fdt_irq *out)
{
    bool extended;
    struct fdt_prop prop;

    extended = fdt_get(fdt, node, "interrupts-extended", &prop);
    if (!extended && !fdt_get(fdt, node, "interrupts", &prop))
        return 0;
    if (prop.len % 4)
        return -EINVAL;
    if (*pos >= prop.len)
        return 0;
    if (extended)
        return next_extended(fdt, &prop, pos, out);
    out->controller = fdt_irq_parent(fdt, node);
    if (out->controller < 0)
        return out->controller == -ENOENT ? -EINVAL : out->controller;
    return read_specifier(fdt, &prop, *pos / 4, pos, out);
}

int fdt_irq_get(const struct fdt *fdt, int node, u32 i, struct fdt_irq *out)
{
    u32 pos = 0;
    int got;

    do {
        got = fdt_irq_next(fdt, node, &pos, out);
    } while (got > 0 && i--);
    if (got < 0)
        return got;
    return got ? 0 : -ENOENT;
}
