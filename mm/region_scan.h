/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the device tree and the boot loader say about RAM, as two sequences that are walked without
 * any storage: mm/region.c must know what is taken before it can find room for its own table.
 */
#pragma once

#include <lib/types.h>
#include <mm/region.h>

struct boot_info;
struct fdt;

/* What both walks look at. initrd_start == initrd_end: none. */
struct scan {
    const struct fdt *fdt;
    const struct boot_info *info;
    paddr_t initrd_start, initrd_end;
    int memory_first, memory_last; /* memory nodes; negative: there is none */
    int reserved;                  /* node of /reserved-memory, negative: there is none */
    bool report;                   /* log what is odd; off while walking again and again */
};

struct scan_walk {
    const struct scan *scan;
    u32 stage;
    int node;
    u32 i;
    u32 bad; /* entries of the node's reg that were left out */
};

/* Sets up a scan; reads and checks the initrd's place in /chosen. */
void scan_init(struct scan *s, const struct boot_info *info, const struct fdt *fdt);

void scan_begin(struct scan_walk *w, const struct scan *s);

/* The next usable memory bank, whole pages, within the direct map. False at the end. */
bool scan_bank(struct scan_walk *w, paddr_t *start, paddr_t *end);

/*
 * The next hole, whole pages; later ones override earlier ones where they overlap. reason is a
 * name inside the tree or a constant. kind says what may become of it.
 */
enum scan_kind { SCAN_HELD, SCAN_NOMAP, SCAN_OLD_TREE, SCAN_INITRD, SCAN_KERNEL };
struct scan_hole {
    paddr_t start, end;
    const char *reason;
    enum scan_kind kind;
};
bool scan_hole(struct scan_walk *w, struct scan_hole *out);
