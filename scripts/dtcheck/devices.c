/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dtcheck: which drivers would bind, and what becomes of console, interrupts, power-off and reset.
 * Nothing here keeps a machine from booting: firmware's console and reset are always there.
 */
#include "../../drivers/irqchip/plic_tree.h"
#include "../../drivers/serial/ns16550_tree.h"
#include "dtcheck.h"
#include <string.h>

static void list_bindings(struct machine *m)
{
    int node;
    fdt_for_each_node (node, m->fdt) {
        const char *by;
        const struct driver *d =
            driver_match(m->fdt, node, driver_table, driver_table + driver_table_count, &by);
        if (d && fdt_status_okay(m->fdt, node))
            *list_add(&m->bindings) = (struct binding){node, d, by};
    }
}

static bool has_s_context(const struct machine *m, int node)
{
    struct plic_walk walk = {0};
    struct plic_context c;
    return plic_next_context(m->fdt, node, &walk, &c);
}

static void list_plics(struct machine *m)
{
    for (size_t i = 0; i < m->bindings.count; i++) {
        const struct binding *b = &m->bindings.items[i];
        if (b->driver->class != DRIVER_IRQCHIP)
            continue;
        bool bad = !plic_sources(m->fdt, b->node) || !has_s_context(m, b->node);
        *list_add(&m->plics) = (struct plic){b->node, bad};
    }
    if (!m->plics.count)
        machine_note(m, "no interrupt controller with a driver: devices are polled");
}

static const struct binding *binding_of(const struct machine *m, int node)
{
    for (size_t i = 0; i < m->bindings.count; i++)
        if (m->bindings.items[i].node == node)
            return &m->bindings.items[i];
    return NULL;
}

static void find_console(struct machine *m)
{
    u32 shift, width;
    m->console = fdt_stdout(m->fdt, NULL);
    m->console_binding = m->console < 0 ? NULL : binding_of(m, m->console);
    if (m->console < 0)
        machine_note(m, "/chosen names no console: firmware's is used, polled");
    else if (!m->console_binding)
        machine_note(m, "no driver for the console, %s: firmware's is used, polled",
                     fdt_node_name(m->fdt, m->console));
    else if (!ns16550_read_layout(m->fdt, m->console, &shift, &width))
        machine_note(m, "reg-shift %u with reg-io-width %u: firmware's console is used, polled",
                     shift, width);
}

static void find_reset(struct machine *m)
{
    m->reset = "firmware (SBI)";
    for (size_t i = 0; i < m->bindings.count; i++)
        if (!strncmp(m->bindings.items[i].by, "syscon-", 7))
            m->reset = "firmware (SBI), else a system controller's register";
}

void devices_read(struct machine *m)
{
    list_bindings(m);
    list_plics(m);
    find_console(m);
    find_reset(m);
}
