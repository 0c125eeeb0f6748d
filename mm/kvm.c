/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's table: how it is built at boot.
 *
 * Everything here runs once, on the boot cpu, before the table is active; later changes are in
 * mm/kvm_map.c. After kvm_init() no root entry changes any more.
 */
#include "kvm_impl.h"
#include "pt_impl.h"
#include <arch/boot.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/sections.h>
#include <mm/kvm.h>
#include <mm/region.h>

struct pt kernel_pt = {.kernel = true};

static paddr_t image_pa;

paddr_t kvm_image_pa(vaddr_t va)
{
    return image_pa + (va - (vaddr_t)__image_start);
}

struct image_part kvm_image_part(unsigned i)
{
    const struct image_part parts[IMAGE_PARTS] = {
        {"text", (vaddr_t)__image_start, (vaddr_t)__text_end, PROT_R | PROT_X},
        {"rodata", (vaddr_t)__text_end, (vaddr_t)__data_start, PROT_R},
        {"data", (vaddr_t)__data_start, (vaddr_t)__image_end, PROT_R | PROT_W},
    };
    return parts[i];
}

prot_t kvm_global(void)
{
    return mmu_isolated() ? 0 : PROT_G;
}

static void map(struct mmu_flush *fl, vaddr_t va, paddr_t pa, size_t size, prot_t prot)
{
    if (pt_map(&kernel_pt, fl, va, pa >> PAGE_SHIFT, size, prot))
        panic("no memory for the kernel's page table (%#lx, %lu KiB)", va, size / KiB);
}

static void map_image(struct mmu_flush *fl)
{
    for (unsigned i = 0; i < IMAGE_PARTS; i++) {
        struct image_part part = kvm_image_part(i);
        map(fl, part.start, kvm_image_pa(part.start), part.end - part.start,
            part.prot | kvm_global());
    }
}

/*
 * The rights that the direct map gives to the frame at `pa`: the image's own, but for execution.
 * Lowers *end to where other rights begin.
 */
static prot_t direct_prot(paddr_t pa, paddr_t *end)
{
    prot_t prot = PROT_R | PROT_W;

    for (unsigned i = 0; i < IMAGE_PARTS; i++) {
        struct image_part part = kvm_image_part(i);
        paddr_t from = kvm_image_pa(part.start), to = kvm_image_pa(part.end);

        if (pa >= from && pa < to) {
            prot = part.prot & ~PROT_X;
            *end = MIN(*end, to);
        } else if (from > pa && from < to) {
            *end = MIN(*end, from);
        }
    }
    return prot;
}

static void map_direct(struct mmu_flush *fl, paddr_t start, paddr_t end)
{
    for (paddr_t stop; start < end; start = stop) {
        stop = end;
        prot_t prot = direct_prot(start, &stop);
        map(fl, DIRECT_BASE + start, start, stop - start, prot | kvm_global());
    }
}

static void map_ram(struct mmu_flush *fl)
{
    paddr_t start, end;

    for (paddr_t pa = 0; region_next_mapped(pa, &start, &end); pa = end)
        map_direct(fl, start, end);
}

/* The one area that user tables share: global, because it is the same in all of them. */
static void map_entry_area(struct mmu_flush *fl)
{
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        map(fl, ENTRY_BASE + cpu * PAGE_SIZE, arch_entry_frame(cpu), PAGE_SIZE,
            PROT_R | PROT_W | PROT_G);
    map(fl, TRAMPOLINE_VA, arch_trampoline_frame(), PAGE_SIZE, PROT_R | PROT_X | PROT_G);
}

/* Root entries must all be there before the first user table copies them. */
static void prepare_area(struct mmu_flush *fl, vaddr_t va)
{
    if (!pt_slot_make(&kernel_pt, fl, va, mmu_levels() - 2))
        panic("no memory for the kernel's page table (%#lx)", va);
}

void kvm_init(const struct boot_info *info)
{
    struct mmu_flush fl;

    image_pa = info->image_pa;
    kernel_pt.root = table_alloc();
    kernel_pt.tables = 1;
    mmu_space_init(&kernel_pt.space, kernel_pt.root, true);
    mmu_flush_begin(&fl, &kernel_pt.space);
    map_ram(&fl);
    map_image(&fl);
    map_entry_area(&fl);
    prepare_area(&fl, DEVICE_BASE);
    prepare_area(&fl, KSTACK_BASE);
    mmu_set_kernel_space(&kernel_pt.space);
    /* Nothing to flush: the table is not active yet, and activation flushes everything. */
}

paddr_t kvm_root(void)
{
    return virt_to_phys(kernel_pt.root);
}

static int adopt_table(struct pt_visitor *v, vaddr_t va, unsigned level, const pte_t *slot)
{
    (void)v, (void)va, (void)level;
    table_set_parent(pt_table_of(mmu_load(slot)), slot);
    return 0;
}

void kvm_adopt(void)
{
    struct pt_visitor v = {.table = adopt_table};

    pt_visit(&kernel_pt, 0, MMU_ENTRIES - 1, &v);
}
