/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dtcheck: the report for programs. One object with the keys memory, reserved, memreserve, usable,
 * harts, timebase, console, plics, boots, why; ranges are [start, size].
 */
#include "../../drivers/irqchip/plic_tree.h"
#include "../../drivers/serial/ns16550_tree.h"
#include "dtcheck.h"
#include <string.h>

#define PATH_MOST 1024

/* Bytes that are not printable ASCII become escapes: names in a tree may hold anything. */
static void print_string(FILE *out, const char *s)
{
    fputc('"', out);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void print_range(FILE *out, u64 start, u64 size, bool first)
{
    fprintf(out, "%s[%lu, %lu]", first ? "" : ", ", start, size);
}

static void print_ranges(FILE *out, const char *key, const struct range *ranges, size_t count)
{
    fprintf(out, "  \"%s\": [", key);
    for (size_t i = 0; i < count; i++)
        print_range(out, ranges[i].start, ranges[i].size, !i);
    fprintf(out, "],\n");
}

static void print_usable(const struct machine *m, FILE *out)
{
    fprintf(out, "  \"usable\": [");
    for (size_t i = 0; i < m->usable.count; i++) {
        const struct interval *r = &m->usable.ranges[i];
        print_range(out, r->start, r->end - r->start, !i);
    }
    fprintf(out, "],\n");
}

static void print_harts(const struct machine *m, FILE *out)
{
    fprintf(out, "  \"harts\": [");
    for (size_t i = 0; i < m->harts.count; i++) {
        const struct hart *h = &m->harts.items[i];
        fprintf(out, "%s\n    {\"id\": %lu, \"usable\": %s, \"reason\": ", i ? "," : "", h->id,
                h->usable ? "true" : "false");
        print_string(out, h->reason);
        fprintf(out, "}");
    }
    fprintf(out, "],\n");
}

static void print_reg(const struct machine *m, int node, FILE *out)
{
    u64 addr, size;
    fprintf(out, "\"reg\": ");
    if (fdt_reg(m->fdt, node, 0, &addr, &size))
        fprintf(out, "null");
    else
        print_range(out, addr, size, true);
}

/* The string that a driver knows, or the first one. */
static const char *console_compatible(const struct machine *m)
{
    const char *first = fdt_get_string(m->fdt, m->console, "compatible");
    return m->console_binding ? m->console_binding->by : first ? first : "";
}

static void print_console(const struct machine *m, FILE *out)
{
    char path[PATH_MOST];
    u32 shift, width;

    fprintf(out, "  \"console\": ");
    if (m->console < 0) {
        fprintf(out, "null,\n");
        return;
    }
    ns16550_read_layout(m->fdt, m->console, &shift, &width);
    fprintf(out, "{\"path\": ");
    print_string(out, fdt_node_path(m->fdt, m->console, path, sizeof(path)));
    fprintf(out, ", \"compatible\": ");
    print_string(out, console_compatible(m));
    fprintf(out, ", ");
    print_reg(m, m->console, out);
    fprintf(out, ", \"reg_shift\": %u, \"reg_io_width\": %u},\n", shift, width);
}

static void print_plic(const struct machine *m, const struct plic *p, FILE *out)
{
    struct plic_walk walk = {0};
    struct plic_context c;

    fprintf(out, "{");
    print_reg(m, p->node, out);
    fprintf(out, ", \"contexts\": {");
    for (bool first = true; plic_next_context(m->fdt, p->node, &walk, &c); first = false)
        fprintf(out, "%s\"%lu\": %u", first ? "" : ", ", c.hartid, c.number);
    fprintf(out, "}}");
}

static void print_plics(const struct machine *m, FILE *out)
{
    fprintf(out, "  \"plics\": [");
    for (size_t i = 0; i < m->plics.count; i++) {
        fputs(i ? ",\n    " : "\n    ", out);
        print_plic(m, &m->plics.items[i], out);
    }
    fprintf(out, "],\n");
}

static void print_why(const struct machine *m, FILE *out)
{
    char all[REASONS_MOST * (TEXT_MOST + 2)] = "";
    for (size_t i = 0; i < m->wrong_count; i++) {
        strcat(all, i ? "; " : "");
        strcat(all, m->wrong[i]);
    }
    fprintf(out, "  \"why\": ");
    print_string(out, m->wrong_count ? all : "nothing that the kernel needs is missing");
    fprintf(out, "\n");
}

void json_print(const struct machine *m, FILE *out)
{
    fprintf(out, "{\n");
    print_ranges(out, "memory", m->memory.items, m->memory.count);
    print_ranges(out, "reserved", m->reserved.items, m->reserved.count);
    print_ranges(out, "memreserve", m->memreserve.items, m->memreserve.count);
    print_usable(m, out);
    print_harts(m, out);
    fprintf(out, "  \"timebase\": %lu,\n", m->timebase);
    print_console(m, out);
    print_plics(m, out);
    fprintf(out, "  \"boots\": %s,\n", machine_boots(m) ? "true" : "false");
    print_why(m, out);
    fprintf(out, "}\n");
}
