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

#include <base/atomic.h>
#include <base/percpu.h>
#include <lib/types.h>
#include <mm/pt.h>

struct boot_info;
struct fmt_sink;

extern struct pt kernel_pt;

/*
 * Builds the final table from the regions of mm/region.h and the parts of the image. Boot cpu,
 * once, while early_alloc() works; the caller activates it (arch_paging_done with kvm_root()).
 * Panics when memory does not suffice: there is nothing else to do.
 */
void kvm_init(const struct boot_info *info);

/* The physical address of the root. */
paddr_t kvm_root(void);

/* After page_init(): notes in the struct pages of the tables made so far who points to them. */
void kvm_adopt(void);

/*
 * Maps device registers, uncached where the machine makes a difference; returns the address of
 * the byte `pa`. Each call makes a mapping of its own. NULL (logged): no room, no memory, or RAM
 * lies there, which registers must not alias. Any context but interrupts.
 */
void *kvm_map_device(paddr_t pa, size_t size);
void kvm_unmap_device(void *regs, size_t size);

/*
 * Maps n frames at [va, va + 4 KiB * n) in the area of kernel stacks, readable and writable. 0 or
 * -ENOMEM with nothing changed. This cpu may use them at once, others after kvm_sync_cpu().
 */
int kvm_map_pages(vaddr_t va, struct page *const *pages, size_t n);

/* Unmaps n ranges of `size` bytes at va[] and frees their frames, after one flush for all. */
void kvm_unmap_free(const vaddr_t *va, size_t n, size_t size);

/*
 * A kernel access (PROT_R, _W or _X) faulted at va. True when the table permits it: the cpu had
 * the entry cached from before; it has been fenced and the access can be tried again.
 */
bool kvm_fix_spurious(vaddr_t va, prot_t access);

/* How often the table has gained mappings, and how much of that each cpu knows of. */
extern u64 kvm_generation;
extern u64 kvm_seen[CPU_MAX];

/* Before this cpu switches to another thread: fences if the table has gained mappings since. */
static inline void kvm_sync_cpu(void)
{
    u64 now = atomic_load_acquire(&kvm_generation);
    u64 *seen = &kvm_seen[cpu_id()];

    if (unlikely(*seen != now)) {
        *seen = now;
        mmu_sync_kernel();
    }
}

/*
 * Walks the whole table: nothing writable and executable, nothing for user mode, the direct map
 * holds RAM and only RAM, image parts and entry area have exactly their rights, stack guards are
 * unmapped, every table has one parent. NULL, or what is wrong. `report` receives a line that
 * says what was checked (empty on error).
 */
const char *kvm_check(char *report, size_t len);

/*
 * Gives a part of the image that is no longer needed (the initramfs) the rights of ordinary RAM:
 * out of the image's mapping, writable in the direct map. Page aligned. 0 or -ENOMEM.
 */
int kvm_release_image(vaddr_t start, vaddr_t end);

/* Prints the table for /proc/pagetable. */
void kvm_dump(struct fmt_sink *sink);
