/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Binds drivers to the nodes of the device tree, once, at start-up.
 */
#include <arch/mmu.h>
#include <base/init.h>
#include <base/log.h>
#include <drivers/driver.h>
#include <kernel/init.h>
#include <lib/errno.h>
#include <mm/kvm.h>

#define CHIPS_MOST 16

static struct {
    int node;
    struct irq_chip *chip;
} chips[CHIPS_MOST];
static u32 chip_count;

static void bind(enum driver_class class)
{
    const struct fdt *fdt = boot_fdt();
    char path[96];
    int node;
    fdt_for_each_node (node, fdt) {
        const struct driver *d = driver_match(fdt, node, __drivers_start, __drivers_end, NULL);
        if (!d || d->class != class || !fdt_status_okay(fdt, node))
            continue;
        int err = d->probe(fdt, node);
        if (err)
            log_warn("%s: %s: error %d", fdt_node_path(fdt, node, path, sizeof(path)), d->name,
                     err);
    }
}

static void bind_irqchips(void)
{
    bind(DRIVER_IRQCHIP);
}
INITCALL(INIT_IRQ, bind_irqchips);

static void bind_devices(void)
{
    bind(DRIVER_DEVICE);
}
INITCALL(INIT_DRIVER, bind_devices);

void *driver_map(const struct fdt *fdt, int node, u32 index, u64 *size)
{
    u64 addr;
    char path[96];
    void *regs = NULL;
    if (!fdt_reg(fdt, node, index, &addr, size))
        regs = kvm_map_device(addr, *size);
    if (!regs)
        log_warn("%s: reg %u cannot be mapped", fdt_node_path(fdt, node, path, sizeof(path)),
                 index);
    return regs;
}

void driver_set_chip(int node, struct irq_chip *chip)
{
    if (chip_count == CHIPS_MOST) {
        log_warn("%s: more than %d interrupt controllers", chip->name, CHIPS_MOST);
        return;
    }
    chips[chip_count].node = node;
    chips[chip_count++].chip = chip;
}

int driver_irq(const struct fdt *fdt, int node, u32 index, void (*handler)(void *arg), void *arg)
{
    struct fdt_irq irq;
    int err = fdt_irq_get(fdt, node, index, &irq);
    if (err < 0)
        return err;
    for (u32 i = 0; i < chip_count; i++)
        if (chips[i].node == irq.controller && irq.count)
            return irq_attach(chips[i].chip, irq.cells[0], handler, arg);
    return -ENOENT;
}
