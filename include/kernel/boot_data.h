/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot loader hands over: device tree, command line, initrd, random seed. Steps of
 * start-up, in this order, for kernel/main.c alone; what others may ask is in <kernel/init.h>.
 */
#pragma once

struct boot_info;
struct fdt;

/*
 * Validates the tree, sorts the command line, prints the banner (if the command line allows it).
 * Panics when there is no usable tree: nothing else says what the machine is.
 */
struct fdt *boot_data_read_tree(const struct boot_info *info);

/* After region_init(), which has made a writable copy of the tree: erases the seed in that. */
void boot_data_tree_moved(void);

/* With the final tables: erases the seed where firmware left it. Before the buddy gets memory. */
void boot_data_erase_seed(void);

/* Before pid 1: forgets the seed that boot_rng_seed() gave out. */
void boot_data_wipe(void);
