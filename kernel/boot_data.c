/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot loader hands over. The random seed is taken out of the tree and erased in both
 * copies of it: whoever can read memory later must not learn what the generator began with.
 */
#include <arch/boot.h>
#include <base/build.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/sections.h>
#include <kernel/boot_data.h>
#include <kernel/cmdline.h>
#include <kernel/init.h>
#include <lib/fdt.h>
#include <lib/string.h>
#include <mm/kvm.h>
#include <mm/page.h>
#include <mm/region.h>

#define SEED_MAX 64

static struct fdt tree;
static paddr_t image_pa;
static u8 seed[SEED_MAX];
static size_t seed_len;
/* Where firmware's own copy of the seed lies. */
static paddr_t seed_pa;
static size_t seed_size;
static bool seed_was_free; /* that memory was ours already, right after the tree had moved */

const struct fdt *boot_fdt(void)
{
    return &tree;
}

/* --- the tree and the command line --- */

static void banner(void)
{
    log_info("%s %s (%s)", QUIRE_NAME, QUIRE_VERSION, build_id());
}

static void take_seed(const struct boot_info *info, int chosen)
{
    struct fdt_prop prop;

    if (chosen < 0 || !fdt_get(&tree, chosen, "rng-seed", &prop) || !prop.len)
        return;
    seed_len = MIN((size_t)prop.len, sizeof(seed));
    memcpy(seed, prop.data, seed_len);
    seed_pa = info->fdt_pa + (paddr_t)(prop.data - tree.blob);
    seed_size = prop.len;
}

struct fdt *boot_data_read_tree(const struct boot_info *info)
{
    int err = fdt_check(info->fdt, info->fdt_size, &tree);
    const char *line;
    int chosen;

    if (err) {
        banner();
        panic("device tree: %s (byte %u)", tree.reason, tree.where);
    }
    image_pa = info->image_pa;
    chosen = fdt_find_path(&tree, "/chosen");
    line = chosen < 0 ? NULL : fdt_get_string(&tree, chosen, "bootargs");
    cmdline_init(line ? line : "");
    banner();
    log_info("command line: %s", cmdline_get_line());
    take_seed(info, chosen);
    return &tree;
}

/* --- the seed --- */

static enum region_use use_of(paddr_t pa)
{
    struct region region;

    for (size_t i = 0; region_at(i, &region); i++) {
        if (pa >= region.start && pa < region.end)
            return region.use;
    }
    return REGION_NOMAP;
}

void boot_data_tree_moved(void)
{
    int chosen = fdt_find_path(&tree, "/chosen");

    if (!seed_len)
        return;
    fdt_erase_prop(&tree, (void *)tree.blob, chosen, "rng-seed");
    seed_was_free = use_of(seed_pa) == REGION_FREE;
}

void boot_data_erase_seed(void)
{
    enum region_use use = use_of(seed_pa);

    if (!seed_len || use == REGION_NOMAP)
        return;
    /* Free memory that is no longer free has been handed out since, and zeroed for that. */
    if (!seed_was_free || use == REGION_FREE)
        memset(phys_to_virt(seed_pa), 0, seed_size);
}

const void *boot_rng_seed(size_t *len)
{
    *len = seed_len;
    return seed;
}

void boot_data_wipe(void)
{
    memset(seed, 0, sizeof(seed));
    seed_len = 0;
}

/* --- the initial file system --- */

static const void *embedded(size_t *len)
{
    *len = (size_t)(__initramfs_end - __initramfs_start);
    return __initramfs_start;
}

const void *boot_initrd(size_t *len)
{
    paddr_t start;

    if (region_initrd(&start, len))
        return phys_to_virt(start);
    return embedded(len);
}

void boot_initrd_done(void)
{
    size_t len;
    paddr_t start;
    vaddr_t image = (vaddr_t)__initramfs_start;
    vaddr_t end = ALIGN_UP((vaddr_t)__initramfs_end, PAGE_SIZE);

    if (region_initrd(&start, &len))
        page_release(start, ALIGN_UP(start + len, PAGE_SIZE));
    start = image_pa + (image - (vaddr_t)__image_start);
    if (end > image && !kvm_release_image(image, end))
        page_release(start, start + (end - image));
}
