/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device tree says of its harts: see harts_tree.h. */
#include "harts_tree.h"
#include <lib/fdt.h>
#include <lib/isa.h>
#include <lib/string.h>

#define TIMEBASE_MOST 0xfffffffful

bool hart_is_cpu(const struct fdt *fdt, int node)
{
    const char *type = fdt_get_string(fdt, node, "device_type");
    return type && !strcmp(type, "cpu");
}

bool hart_id(const struct fdt *fdt, int node, u64 *id)
{
    u64 size;
    return fdt_reg_raw(fdt, node, 0, id, &size) == 0;
}

bool hart_has(const struct fdt *fdt, int node, const char *extension)
{
    struct fdt_prop list;
    if (fdt_get(fdt, node, "riscv,isa-extensions", &list))
        return isa_list_has(list.data, list.len, extension);
    const char *isa = fdt_get_string(fdt, node, "riscv,isa");
    return isa && isa_has(isa, extension);
}

/* mmu-type "riscv,none" and none at all both mean: no translation. */
static bool has_mmu(const struct fdt *fdt, int node)
{
    const char *mmu = fdt_get_string(fdt, node, "mmu-type");
    return mmu && !strncmp(mmu, "riscv,sv", 8) && strcmp(mmu, "riscv,sv32");
}

const char *hart_unusable(const struct fdt *fdt, int node)
{
    u64 id;
    if (!hart_is_cpu(fdt, node))
        return "not a cpu";
    if (!hart_id(fdt, node, &id))
        return "its reg makes no sense";
    if (!fdt_status_okay(fdt, node))
        return "its status is not okay";
    return has_mmu(fdt, node) ? NULL : "it has no 64-bit MMU";
}

bool hart_is_like(const struct fdt *fdt, int node, int boot)
{
    for (const char *l = "imafdc"; *l; l++) {
        char extension[2] = {*l, 0};
        if (hart_has(fdt, boot, extension) && !hart_has(fdt, node, extension))
            return false;
    }
    return true;
}

u64 hart_timebase(const struct fdt *fdt, int cpus, int boot)
{
    u64 hz = 0;
    if (fdt_get_u64(fdt, cpus, "timebase-frequency", &hz))
        fdt_get_u64(fdt, boot, "timebase-frequency", &hz);
    return hz <= TIMEBASE_MOST ? hz : 0;
}
