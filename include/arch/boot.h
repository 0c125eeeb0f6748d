/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What arch/ hands to the portable kernel at start, and the early mappings it offers.
 *
 * Order: arch maps the image and the device tree by early tables and calls kernel_main(). That
 * works out the memory map, takes frames with early_alloc() (each made reachable through
 * arch_early_map()), builds the final kernel table, and calls arch_paging_done(); from then on
 * the direct map covers all usable RAM.
 */
#pragma once

#include <lib/types.h>

struct boot_info {
    paddr_t fdt_pa;    /* device tree as handed over by firmware */
    const void *fdt;   /* mapped, read-only until arch_paging_done(); validated by the caller */
    size_t fdt_size;   /* its totalsize, bounded by arch */
    paddr_t image_pa;  /* where the image lies; 2 MiB aligned */
    size_t image_size; /* up to __image_end, page aligned */
};

/*
 * Makes [pa, pa + size) readable and writable at phys_to_virt(pa), page by page, in the early
 * tables. For the few frames needed before the final table is active. 0, or -ENOMEM when the
 * static pool of early table pages is used up. Already mapped pages are left alone.
 */
int arch_early_map(paddr_t pa, size_t size);

/*
 * Activates the final table whose root is given on the boot cpu, forgets the early ones for good.
 * Called once, by kernel_main, with interrupts off.
 */
void arch_paging_done(paddr_t root);

/*
 * The entry area: physical frames which mm/kvm.c maps into the top slot (design: entry area).
 * kernel_main gives each cpu its zeroed page (from early_alloc, a direct-map address) before kvm_init.
 */
void arch_set_entry_page(u32 cpu, void *page);
paddr_t arch_entry_frame(u32 cpu);
paddr_t arch_trampoline_frame(void); /* the trampoline's page inside the image's text */

/* Reads what arch needs from the validated tree: cpus, timebase, isa. 0 or a negative error. */
struct fdt;
int arch_probe_cpus(const struct fdt *fdt);

/* Sets up trap entry of this cpu for user mode, FPU off, counters. After the final table. */
void arch_cpu_init(void);

/* Named upcall, kernel/main.c. Interrupts off, on the boot stack. */
__noreturn void kernel_main(const struct boot_info *info);
