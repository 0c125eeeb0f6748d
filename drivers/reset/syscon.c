/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power off and reset by a word in a system controller's register, for firmware that cannot.
 *
 * Source: Linux Documentation/devicetree/bindings/power/reset/syscon-poweroff.yaml and syscon-reboot.yaml, with the old
 * spellings that Linux still reads (drivers/power/reset/syscon-reboot.c).
 */
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <drivers/driver.h>
#include <kernel/power.h>
#include <lib/errno.h>
#include <mm/slab.h>

struct syscon {
    struct power_handler handler;
    enum power_action action;
    u8 *reg;
    u32 value, mask;
};

static void syscon_act(struct power_handler *handler, enum power_action action)
{
    struct syscon *s = container_of(handler, struct syscon, handler);
    if (action != s->action)
        return;
    u32 keep = s->mask == ~0u ? 0 : mmio_read32(s->reg) & ~s->mask;
    mmio_write32(s->reg, keep | (s->value & s->mask));
    for (u32 i = 0; i < 1000000; i++) /* it takes a moment; if nothing happens, the next way */
        arch_relax();
}

/* A mask alone is the value, from before there was one. */
static int read_value(struct syscon *s, const struct fdt *fdt, int node)
{
    bool no_value = fdt_get_u32(fdt, node, "value", &s->value);
    bool no_mask = fdt_get_u32(fdt, node, "mask", &s->mask);
    if (no_value)
        s->value = s->mask;
    if (no_value || no_mask)
        s->mask = ~0u;
    return no_value && no_mask ? -EINVAL : 0;
}

/* The controller is named, or it is the parent; the register is at `offset`, or at `reg` within the parent. */
static int read_node(struct syscon *s, const struct fdt *fdt, int node)
{
    u32 phandle, offset = 0;
    u64 start = 0, size = 0;
    bool named = !fdt_get_u32(fdt, node, "regmap", &phandle);
    int regmap = named ? fdt_find_by_phandle(fdt, phandle) : fdt_parent(fdt, node);
    if (regmap < 0 || read_value(s, fdt, node))
        return -EINVAL;
    if (fdt_get_u32(fdt, node, "offset", &offset) && !fdt_reg_raw(fdt, node, 0, &start, &size))
        offset = (u32)start;
    u8 *regs = driver_map(fdt, regmap, 0, &size);
    if (!regs || start > ~0u || offset % 4 || offset + 4ull > size)
        return -EINVAL;
    s->reg = regs + offset;
    return 0;
}

static int syscon_probe(const struct fdt *fdt, int node)
{
    struct syscon *s = kzalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    int err = read_node(s, fdt, node);
    if (err) {
        kfree(s);
        return err;
    }
    s->action = fdt_compatible(fdt, node, "syscon-poweroff") ? POWER_OFF : POWER_RESET;
    s->handler = (struct power_handler){.name = "syscon", .priority = 50, .act = syscon_act};
    power_register(&s->handler);
    return 0;
}

DRIVER(syscon_reset, DRIVER_DEVICE, syscon_probe, "syscon-poweroff", "syscon-reboot");
