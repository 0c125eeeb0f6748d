/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dtcheck: harts, judged by arch/riscv/harts_tree.c. Firmware picks the boot hart, and a tree in a file
 * does not know it: unless /chosen/boot-hartid names one, the usable hart with the largest
 * isa stands for it.
 */
#include "../../arch/riscv/harts_tree.h"
#include "dtcheck.h"
#include <base/percpu.h>

static bool is_named_boot_hart(const struct fdt *fdt, int node)
{
    u64 named, id;
    int chosen = fdt_find_path(fdt, "/chosen");
    return chosen >= 0 && !fdt_get_u64(fdt, chosen, "boot-hartid", &named) &&
           hart_id(fdt, node, &id) && id == named;
}

static int find_boot_hart(const struct fdt *fdt, int cpus)
{
    int node, boot = -1;
    fdt_for_each_child (node, fdt, cpus) {
        if (hart_unusable(fdt, node))
            continue;
        if (is_named_boot_hart(fdt, node))
            return node;
        if (boot < 0 || !hart_is_like(fdt, boot, node))
            boot = node;
    }
    return boot;
}

static const char *reason_against(const struct fdt *fdt, int node, int boot)
{
    const char *reason = hart_unusable(fdt, node);
    if (!reason && !hart_is_like(fdt, node, boot))
        reason = "its isa lacks what the boot hart's has";
    return reason;
}

static void list_harts(struct machine *m, int cpus)
{
    int node, usable = 0;
    fdt_for_each_child (node, m->fdt, cpus) {
        u64 id = 0;
        if (!hart_is_cpu(m->fdt, node))
            continue;
        hart_id(m->fdt, node, &id);
        const char *reason = reason_against(m->fdt, node, m->boot);
        if (!reason && ++usable > CPU_MAX)
            reason = "there are more than the kernel can use";
        *list_add(&m->harts) = (struct hart){id, !reason, reason ? reason : ""};
    }
}

/*
 * Their page table entries hold memory types that firmware has turned on: 0 means uncached there. The kernel tells
 * them by their identity (arch/riscv/thead.c); later cores of these names list the standard's types instead.
 */
static bool has_own_page_attributes(const struct fdt *fdt, int node)
{
    static const char *const names[] = {"thead,c906", "thead,c910", "thead,c920"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (fdt_compatible(fdt, node, names[i]))
            return !hart_has(fdt, node, "svpbmt");
    return false;
}

void harts_read(struct machine *m)
{
    int cpus = fdt_find_path(m->fdt, "/cpus");
    m->boot = cpus < 0 ? cpus : find_boot_hart(m->fdt, cpus);
    if (cpus < 0) {
        machine_wrong(m, "there is no /cpus node");
        return;
    }
    list_harts(m, cpus);
    if (m->boot < 0) {
        machine_wrong(m, "no hart can run the kernel");
        return;
    }
    m->timebase = hart_timebase(m->fdt, cpus, m->boot);
    if (!m->timebase)
        machine_wrong(m, "there is no usable timebase-frequency");
    if (has_own_page_attributes(m->fdt, m->boot))
        machine_wrong(m, "T-Head C9xx harts have page attributes of their own, "
                         "which the kernel does not handle");
}
