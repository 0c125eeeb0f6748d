/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own page table.
 *
 * Built once at boot: the direct map of RAM and of RAM only, the image with each part's rights,
 * the entry area (shared by every table of the machine), and empty areas for device registers and
 * kernel stacks. All root entries of the kernel half are filled at boot and never change after:
 * what is mapped later appears in every table at once.
 *
 * The kernel's lock (a spinlock) guards the lower levels. Any change other than filling an empty
 * entry is flushed on every cpu before it counts. Filling an empty entry bumps the generation: a
 * cpu may have cached the entry as invalid, so each cpu compares generations and flushes before
 * it switches threads (kvm_sync_cpu), because a stale stack could not even take the fault.
 */
#pragma once

#include <lib/types.h>
#include <mm/pt.h>

struct fmt_sink;

extern struct pt kernel_pt;

/*
 * Builds the final table from the regions of mm/region.h and activates it on this cpu. Boot cpu,
 * once, before the buddy has memory. Panics when memory does not suffice: there is nothing else
 * to do.
 */
void kvm_init(void);

/* Activates the kernel's table on this cpu (secondary start). */
void kvm_activate(void);

/*
 * Maps device registers, uncached where the machine makes a difference; returns the address of
 * the byte `pa`. Each call makes a mapping of its own. NULL: no room, no memory, or RAM lies
 * there (registers must not alias it).
 */
void *kvm_map_device(paddr_t pa, size_t size);
void kvm_unmap_device(void *regs, size_t size);

/*
 * Maps and unmaps pages in the kernel's areas (stacks); takes the lock, bumps the generation.
 * pages[] gives the frames of [va, va + 4 KiB * n). 0 or -ENOMEM with nothing changed.
 */
int kvm_map_pages(vaddr_t va, struct page *const *pages, size_t n);
/*
 * Unmaps ranges and frees their frames, with one flush for them all. va[]: n ranges of `size`
 * bytes.
 */
void kvm_unmap_free(const vaddr_t *va, size_t n, size_t size);

/* The number of times that the kernel's table has gained a mapping. */
u64 kvm_generation(void);

/* Before this cpu switches to another thread: flushes if the kernel's table has gained mappings. */
void kvm_sync_cpu(void);

/*
 * Walks the table: nothing writable and executable, guards unmapped, entry area rights, direct
 * map of RAM only and W nowhere on text, every table frame with one parent. NULL, or a text that
 * says what is wrong. `report` (may be NULL) receives one line that says what was checked.
 */
const char *kvm_check(char *report, size_t len);

/*
 * Gives [start, end) of the image (init sections, the initramfs) the rights of ordinary RAM
 * again: no image mapping, RW in the direct map. Page aligned. 0 or -ENOMEM.
 */
int kvm_release_image(vaddr_t start, vaddr_t end);

/* Prints the table for /proc/pagetable. */
void kvm_dump(struct fmt_sink *sink);
