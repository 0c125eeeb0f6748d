/* SPDX-License-Identifier: BSD-2-Clause */
/* dtcheck: the report for people. */
#include "../../drivers/irqchip/plic_tree.h"
#include "../../drivers/serial/ns16550_tree.h"
#include "dtcheck.h"

#define PATH_MOST 256

static const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static void print_memory(const struct machine *m, FILE *out)
{
    fprintf(out, "memory\n");
    for (size_t i = 0; i < m->map.count; i++) {
        const struct interval *r = &m->map.ranges[i];
        fprintf(out, "  0x%010lx-0x%010lx %10lu KiB  %s\n", r->start, r->end - 1,
                (r->end - r->start) / KiB, r->tag);
    }
}

static void print_harts(const struct machine *m, FILE *out)
{
    fprintf(out, "harts, timebase %lu Hz\n", m->timebase);
    for (size_t i = 0; i < m->harts.count; i++) {
        const struct hart *h = &m->harts.items[i];
        fprintf(out, "  %lu: %s%s\n", h->id, h->usable ? "used" : "left out, ", h->reason);
    }
}

static void print_console(const struct machine *m, FILE *out)
{
    char path[PATH_MOST];
    u32 shift, width;
    u64 addr, size;

    fprintf(out, "console\n");
    if (!m->console_binding) {
        fprintf(out, "  firmware's\n");
        return;
    }
    ns16550_read_layout(m->fdt, m->console, &shift, &width);
    fprintf(out, "  %s, %s", fdt_node_path(m->fdt, m->console, path, sizeof(path)),
            m->console_binding->by);
    if (!fdt_reg(m->fdt, m->console, 0, &addr, &size))
        fprintf(out, ", registers at 0x%lx, reg-shift %u, reg-io-width %u", addr, shift, width);
    struct fdt_irq irq;
    if (!fdt_irq_get(m->fdt, m->console, 0, &irq) && irq.count)
        fprintf(out, ", interrupt %u", irq.cells[0]);
    fprintf(out, "\n");
}

static void print_plics(const struct machine *m, FILE *out)
{
    char path[PATH_MOST];
    struct plic_context c;

    fprintf(out, "interrupt controllers\n");
    for (size_t i = 0; i < m->plics.count; i++) {
        const struct plic *p = &m->plics.items[i];
        struct plic_walk walk = {0};
        fprintf(out, "  %s, %u sources%s", fdt_node_path(m->fdt, p->node, path, sizeof(path)),
                plic_sources(m->fdt, p->node), p->bad ? ", refused" : "");
        while (plic_next_context(m->fdt, p->node, &walk, &c))
            fprintf(out, ", hart %lu: context %u", c.hartid, c.number);
        fprintf(out, "\n");
    }
}

static void print_bindings(const struct machine *m, FILE *out)
{
    char path[PATH_MOST];

    fprintf(out, "drivers\n");
    for (size_t i = 0; i < m->bindings.count; i++) {
        const struct binding *b = &m->bindings.items[i];
        fprintf(out, "  %-14s %s (%s)\n", b->driver->name,
                fdt_node_path(m->fdt, b->node, path, sizeof(path)), b->by);
    }
    fprintf(out, "power-off and reset\n  %s\n", m->reset);
}

void report_print(const struct machine *m, FILE *out)
{
    fprintf(out, "%s\n",
            text_or(fdt_get_string(m->fdt, FDT_ROOT, "model"), "a machine without a name"));
    print_memory(m, out);
    print_harts(m, out);
    print_console(m, out);
    print_plics(m, out);
    print_bindings(m, out);
    for (size_t i = 0; i < m->note_count; i++)
        fprintf(out, "note: %s\n", m->notes[i]);
    for (size_t i = 0; i < m->wrong_count; i++)
        fprintf(out, "wrong: %s\n", m->wrong[i]);
    fputs(machine_boots(m) ? "Quire would boot here.\n" : "Quire would not boot here.\n", out);
}
