/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical memory ready for use in a host test: a device tree with the given banks goes through the
 * real region_init() and page_init(). Everything that mm/ keeps in static variables starts afresh:
 * physmachine.c contains mm/buddy.c and mm/region.c, host_slab.c contains mm/slab.c. Test programs add
 *   sources: tests/host/hostmachine.c tests/host/physmachine.c tests/host/host_slab.c
 *   sources: mm/region_scan.c mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c
 *   sources: mm/failalloc.c mm/kmalloc.c kernel/base/spinlock.c kernel/base/percpu.c
 *   sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/string_extra.c
 *   sources: lib/string_page.c lib/num.c
 */
#pragma once

#include <lib/types.h>

struct phys_bank {
    paddr_t start;
    size_t size;
};

/* Image: 1 MiB, 2 MiB behind the first bank's start (or at its start when it is small). */
struct phys_layout {
    const char *name;
    struct phys_bank banks[8]; /* up to size 0 */
};

extern paddr_t phys_image;

/*
 * Resets the host machine, makes the RAM, runs everything up to page_init(). Fails the test if that
 * fails.
 */
void phys_boot(const struct phys_layout *layout);

/* One bank of `mib` MiB at 2 GiB. */
void phys_boot_simple(size_t mib);

/* For phys_boot(): all slab caches as before their first use. In host_slab.c. */
void phys_reset_slabs(void);

/* Drains the caches of cpus 0..cpus-1 by being each of them in turn; ends as cpu 0. */
void phys_drain(u32 cpus);
