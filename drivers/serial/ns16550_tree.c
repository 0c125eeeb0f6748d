/* SPDX-License-Identifier: BSD-2-Clause */
/* How a device tree says that a 16550's registers lie: see ns16550_tree.h. */
#include "ns16550_tree.h"
#include <lib/fdt.h>

bool ns16550_read_layout(const struct fdt *fdt, int node, u32 *shift, u32 *width)
{
    *shift = 0;
    *width = 1;
    fdt_get_u32(fdt, node, "reg-shift", shift);
    fdt_get_u32(fdt, node, "reg-io-width", width);
    bool known = *width == 1 || *width == 2 || *width == 4;
    return *shift <= 2 && known && *width <= 1u << *shift;
}
