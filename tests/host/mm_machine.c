/* SPDX-License-Identifier: BSD-2-Clause */
/* See mm_machine.h. */
#include "mm_machine.h"
#include "hostmachine.h"
#include "tree_builder.h"
#include <arch/boot.h>
#include <lib/fdt.h>
#include <mm/page.h>
#include <mm/pt.h>
#include <mm/region.h>
#include <mm/slab.h>
#include <stdio.h>
#include <stdlib.h>

#define RAM_BASE 0x80000000ul

static struct tree tree;

int arch_early_map(paddr_t pa, size_t size)
{
    (void)pa, (void)size;
    return 0;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "mm_machine: %s failed\n", what);
    abort();
}

void mm_machine_boot(size_t size)
{
    struct boot_info info = {.image_pa = RAM_BASE, .image_size = 2 * MiB};
    struct fdt fdt;

    host_reset();
    host_noise_limit = size;
    host_add_ram(RAM_BASE, size);
    tree_begin(&tree);
    tree_memory(&tree, "memory@80000000", (u64[]){RAM_BASE, size}, 1);
    info.fdt_size = tree_end(&tree);
    info.fdt_pa = RAM_BASE + size - ALIGN_UP(info.fdt_size, PAGE_SIZE);
    info.fdt = phys_to_virt(info.fdt_pa);
    memcpy(phys_to_virt(info.fdt_pa), tree.blob, info.fdt_size);
    must(!fdt_check(info.fdt, info.fdt_size, &fdt), "fdt_check");
    must(!region_init(&info, &fdt), "region_init");
    early_all_mapped();
    must(!page_init(), "page_init");
}

u64 mm_machine_free_pages(void)
{
    pt_drain_cache();
    slab_shrink_all();
    page_drain_cache();
    return page_free_count();
}
