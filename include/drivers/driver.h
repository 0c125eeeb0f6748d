/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drivers and how they find their devices: by the `compatible` strings of the device tree, never by
 * a board's name or an address.
 */
#pragma once

#include <kernel/irq.h>
#include <lib/fdt.h>
#include <lib/types.h>

/* Interrupt controllers are bound before everything else, outermost first (parents before children). */
enum driver_class { DRIVER_IRQCHIP, DRIVER_DEVICE };

struct driver {
    const char *name;
    enum driver_class class;
    const char *const *compatible; /* NULL-terminated */
    /*
     * Takes a device. Thread context, boot cpu. 0, or a negative error, which is logged; the driver
     * has undone what it did.
     */
    int (*probe)(const struct fdt *fdt, int node);
};

#define DRIVER(driver_name, driver_class, driver_probe, ...)                   \
    static const char *const compatible_##driver_name[] = {__VA_ARGS__, NULL}; \
    static const struct driver driver_##driver_name __section(".drivers")      \
        __used = {.name = #driver_name,                                        \
                  .class = (driver_class),                                     \
                  .compatible = compatible_##driver_name,                      \
                  .probe = (driver_probe)}

extern const struct driver __drivers_start[], __drivers_end[];

/*
 * The driver among [first, end) that a node's `compatible` asks for, or NULL; `by` (may be NULL) gets
 * the string that decided. Says nothing about the node's status.
 */
const struct driver *driver_match(const struct fdt *fdt, int node, const struct driver *first,
                                  const struct driver *end, const char **by);

/*
 * Maps register block `index` of a node's `reg`, translated through its buses. NULL if the node has
 * none or memory is short (logged). Never unmapped: devices stay.
 */
void *driver_map(const struct fdt *fdt, int node, u32 index, u64 *size);

/* An interrupt controller announces the chip behind its node. */
void driver_set_chip(int node, struct irq_chip *chip);

/*
 * Connects interrupt `index` of a node to a handler. -ENOENT: the node has none or its controller has
 * no driver; else as irq_attach().
 */
int driver_irq(const struct fdt *fdt, int node, u32 index, void (*handler)(void *arg), void *arg);
