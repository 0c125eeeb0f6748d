/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device tree says of a PLIC: see plic_tree.h. */
#include "plic_tree.h"
#include <lib/fdt.h>

#define S_EXTERNAL   9
#define SOURCES_MOST 1023

u32 plic_sources(const struct fdt *fdt, int node)
{
    u32 sources;
    if (fdt_get_u32(fdt, node, "riscv,ndev", &sources) || sources > SOURCES_MOST)
        return 0;
    return sources;
}

/* The hart whose interrupt controller a node is: its parent's reg is the hart id. */
static bool hart_of_intc(const struct fdt *fdt, int intc, u64 *hartid)
{
    u64 size;
    int cpu = intc < 0 ? intc : fdt_parent(fdt, intc);
    return cpu >= 0 && !fdt_reg_raw(fdt, cpu, 0, hartid, &size);
}

bool plic_next_context(const struct fdt *fdt, int node, struct plic_walk *walk,
                       struct plic_context *out)
{
    struct fdt_irq irq;
    while (fdt_irq_next(fdt, node, &walk->position, &irq) > 0) {
        out->number = walk->entry++;
        if (irq.count && irq.cells[0] == S_EXTERNAL &&
            hart_of_intc(fdt, irq.controller, &out->hartid))
            return true;
    }
    return false;
}
