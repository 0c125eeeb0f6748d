/* SPDX-License-Identifier: BSD-2-Clause */
/* See physmachine.h. Includes the sources whose static state it must reset. */
#include "physmachine.h"
#include "../../mm/buddy.c"
#include "../../mm/region.c"
#include "hostmachine.h"
#include "tree_builder.h"
#include <mm/slab.h>
#include <stdio.h>
#include <stdlib.h>

paddr_t phys_image;

int arch_early_map(paddr_t pa, size_t size)
{
    (void)pa, (void)size;
    return 0;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "physmachine: %s\n", what);
    abort();
}

static void reset_zones(void)
{
    for (unsigned i = 0; i < PAGE_ZONES; i++) {
        zones[i] = (struct zone){.lock = SPINLOCK_INIT("buddy")};
        for (unsigned order = 0; order < PAGE_ORDERS; order++)
            zones[i].list[order].head = NO_PFN;
    }
}

static void reset_state(void)
{
    reset_zones();
    phys_reset_slabs();
    page_sections = NULL;
    page_section_count = 0;
    memset(page_cpu, 0, sizeof(page_cpu));
    failalloc_armed = 0;
    initrd_start = initrd_end = 0;
    all_mapped = closed = false;
}

static void build_tree(struct tree *t, const struct phys_layout *layout)
{
    tree_begin(t);
    for (const struct phys_bank *b = layout->banks; b->size; b++) {
        char name[32];
        snprintf(name, sizeof(name), "memory@%lx", b->start);
        tree_memory(t, name, (u64[]){b->start, b->size}, 1);
    }
}

void phys_boot(const struct phys_layout *layout)
{
    static struct tree tree;
    static struct fdt fdt;
    const struct phys_bank *first = layout->banks;

    host_reset();
    reset_state();
    for (const struct phys_bank *b = first; b->size; b++)
        host_add_ram(ALIGN_DOWN(b->start, PAGE_SIZE), ALIGN_UP(b->size, PAGE_SIZE) + PAGE_SIZE);
    phys_image = ALIGN_UP(first->start, 2 * MiB);
    if (first->size >= 8 * MiB)
        phys_image += 2 * MiB;
    build_tree(&tree, layout);
    u32 size = tree_end(&tree);
    paddr_t tree_pa = phys_image + 1 * MiB + 64 * KiB;
    memcpy(phys_to_virt(tree_pa), tree.blob, size);
    struct boot_info info = {.fdt_pa = tree_pa,
                             .fdt = phys_to_virt(tree_pa),
                             .fdt_size = size,
                             .image_pa = phys_image,
                             .image_size = 1 * MiB};
    must(!fdt_check(info.fdt, size, &fdt), "tree");
    must(!region_init(&info, &fdt), "region_init");
    early_all_mapped();
    must(!page_init(), "page_init");
}

void phys_boot_simple(size_t mib)
{
    phys_boot(&(struct phys_layout){"simple", {{0x80000000, mib * MiB}}});
}

void phys_drain(u32 cpus)
{
    for (int round = 0; round < 2; round++)
        for (u32 cpu = 0; cpu < cpus; cpu++) {
            host_set_cpu(cpu);
            slab_shrink_all();
            page_drain_cache();
        }
    host_set_cpu(0);
}
