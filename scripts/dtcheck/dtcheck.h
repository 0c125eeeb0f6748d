/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dtcheck: would Quire boot on the machine that a device tree describes, and what would it see?
 *
 * A host program around the kernel's own readers of the tree: lib/fdt*.c, mm/region_scan.c,
 * arch/riscv/harts_tree.c, drivers/match.c and the drivers' *_tree.c. Each part fills its own piece of
 * struct machine; report.c prints it for people, json.c for programs.
 */
#pragma once

#include <drivers/driver.h>
#include <lib/fdt.h>
#include <lib/interval.h>
#include <lib/types.h>
#include <stdio.h>

/* An array that grows; `items` is freed by machine_free(). */
#define LIST(type)       \
    struct {             \
        type *items;     \
        size_t count;    \
        size_t capacity; \
    }

/* Makes room for one more item and yields a pointer to it, zeroed. */
#define list_add(list)                                                             \
    ((__typeof__((list)->items))list_grow((void **)&(list)->items, &(list)->count, \
                                          &(list)->capacity, sizeof(*(list)->items)))
void *list_grow(void **items, size_t *count, size_t *capacity, size_t size);

struct range {
    u64 start, size;
};

struct hart {
    u64 id;
    bool usable;
    const char *reason; /* why not */
};

struct binding {
    int node;
    const struct driver *driver;
    const char *by; /* the string of `compatible` that decided */
};

struct plic {
    int node;
    bool bad; /* the driver refuses it */
};

#define REASONS_MOST 16
#define TEXT_MOST    160

struct machine {
    const struct fdt *fdt;
    /* memory.c */
    LIST(struct range) memory;     /* as the tree says */
    LIST(struct range) reserved;   /* children of /reserved-memory with a place */
    LIST(struct range) memreserve; /* the header's map */
    struct interval_set map;    /* tags are reasons; reason_free is what the kernel uses freely */
    struct interval_set usable; /* all that the kernel uses for anything; one tag */
    u64 image_pa, image_size;
    /* harts.c */
    LIST(struct hart) harts;
    int boot; /* node of the hart that is taken for the boot hart, or negative */
    u64 timebase;
    /* devices.c */
    LIST(struct binding) bindings;
    LIST(struct plic) plics;
    int console; /* node, or negative */
    const struct binding *console_binding;
    const char *reset; /* how power-off and reset are done */
    /* What keeps the machine from booting, and what is worth knowing besides. */
    char wrong[REASONS_MOST][TEXT_MOST];
    size_t wrong_count;
    char notes[REASONS_MOST][TEXT_MOST];
    size_t note_count;
};

extern const char reason_free[];

/* The drivers of the kernel, generated from their sources: names and `compatible` strings. */
extern const struct driver driver_table[];
extern const size_t driver_table_count;

/* Reads everything. The tree has passed fdt_check; image_size is the kernel's, 0 if not known. */
void machine_read(struct machine *m, const struct fdt *fdt, u64 image_size);
void machine_free(struct machine *m);

void memory_read(struct machine *m);
void harts_read(struct machine *m);
void devices_read(struct machine *m);

void machine_wrong(struct machine *m, const char *format, ...) __printf_like(2, 3);
void machine_note(struct machine *m, const char *format, ...) __printf_like(2, 3);

/* Whether Quire boots here. */
bool machine_boots(const struct machine *m);

void report_print(const struct machine *m, FILE *out);
void json_print(const struct machine *m, FILE *out);
