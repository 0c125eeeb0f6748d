/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's table after boot: devices, stacks, the image's leftovers.
 *
 * kvm_lock guards all levels below the root. It is held across the flush, so that nobody can
 * reuse an address before its old translation is gone; remote flushes are the firmware's work and
 * do not need the other cpus to take interrupts. Order: kvm_lock before the page table store's
 * and the allocator's.
 */
#include "kvm_impl.h"
#include "pt_impl.h"
#include <base/log.h>
#include <base/spinlock.h>
#include <lib/errno.h>
#include <mm/kvm.h>
#include <mm/region.h>

static struct spinlock kvm_lock = SPINLOCK_INIT("kernel page table");

u64 kvm_generation;
u64 kvm_seen[CPU_MAX];

/*
 * The end of an operation that added mappings: this cpu is fenced here, the others find the new
 * generation before they run the next thread.
 */
static void publish(struct mmu_flush *fl)
{
    mmu_flush_end(fl);
    atomic_fetch_add(&kvm_generation, 1);
}

int kvm_map_pages(vaddr_t va, struct page *const *pages, size_t n)
{
    struct mmu_flush fl;
    irqflags_t irq = spin_lock(&kvm_lock);

    mmu_flush_begin(&fl, &kernel_pt.space);
    int err = pt_map_pages(&kernel_pt, &fl, va, pages, n, PROT_R | PROT_W | kvm_global());
    publish(&fl);
    spin_unlock(&kvm_lock, irq);
    return err;
}

void kvm_unmap_free(const vaddr_t *va, size_t n, size_t size)
{
    struct pt_gather g;
    irqflags_t irq = spin_lock(&kvm_lock);

    pt_gather_begin(&g, &kernel_pt);
    for (size_t i = 0; i < n; i++)
        pt_unmap(&g, va[i], va[i] + size, PT_PUT_FRAMES);
    pt_gather_end(&g);
    spin_unlock(&kvm_lock, irq);
}

bool kvm_fix_spurious(vaddr_t va, prot_t access)
{
    if (!mmu_permits(pt_lookup(&kernel_pt, va, NULL), access))
        return false;
    mmu_fix_spurious(va);
    return true;
}

static bool is_ram(paddr_t start, paddr_t end)
{
    struct region r;

    for (size_t i = 0; region_at(i, &r); i++)
        if (start < r.end && end > r.start)
            return true;
    return false;
}

/* The end of the last mapping in [va, end), or 0 when nothing is mapped there. */
static vaddr_t mapped_until(vaddr_t va, vaddr_t end)
{
    struct pt_span span;
    vaddr_t until = 0;

    for (; pt_next_span(&kernel_pt, va, end, &span); va = pt_span_end(&span))
        for (unsigned i = 0; i < span.count; i++)
            if (mmu_kind(mmu_load(span.slot + i)) != MMU_EMPTY)
                until = span.va + (i + 1) * pt_entry_size(span.level);
    return until;
}

/*
 * A free range of the device area that lies to large leaves as `pa` does, and an unmapped page
 * behind it. 0: none.
 */
static vaddr_t find_device_range(paddr_t pa, size_t size)
{
    size_t align = size >= pt_entry_size(1) ? pt_entry_size(1) : PAGE_SIZE;
    vaddr_t va = DEVICE_BASE + (pa & (align - 1));

    while (va + size + PAGE_SIZE <= DEVICE_BASE + DEVICE_SIZE) {
        vaddr_t until = mapped_until(va, va + size + PAGE_SIZE);
        if (!until)
            return va;
        va = ALIGN_UP(until + PAGE_SIZE, align) + (pa & (align - 1));
    }
    return 0;
}

static vaddr_t map_device_locked(paddr_t pa, size_t size)
{
    struct mmu_flush fl;
    vaddr_t va = find_device_range(pa, size);

    if (!va)
        return 0;
    mmu_flush_begin(&fl, &kernel_pt.space);
    int err = pt_map(&kernel_pt, &fl, va, pa >> PAGE_SHIFT, size,
                     PROT_R | PROT_W | PROT_DEV | kvm_global());
    publish(&fl);
    return err ? 0 : va;
}

void *kvm_map_device(paddr_t pa, size_t size)
{
    paddr_t start = ALIGN_DOWN(pa, PAGE_SIZE);
    paddr_t end = ALIGN_UP(pa + size, PAGE_SIZE);
    vaddr_t va = 0;

    if (size && end > start && !is_ram(start, end)) {
        irqflags_t irq = spin_lock(&kvm_lock);
        va = map_device_locked(start, end - start);
        spin_unlock(&kvm_lock, irq);
    }
    if (!va) {
        log_warn("cannot map device registers at %#lx, %#lx bytes", pa, size);
        return NULL;
    }
    return (void *)(va + (pa - start));
}

void kvm_unmap_device(void *regs, size_t size)
{
    vaddr_t start = ALIGN_DOWN((vaddr_t)regs, PAGE_SIZE);
    struct pt_gather g;
    irqflags_t irq = spin_lock(&kvm_lock);

    pt_gather_begin(&g, &kernel_pt);
    pt_unmap(&g, start, ALIGN_UP((vaddr_t)regs + size, PAGE_SIZE), PT_KEEP_FRAMES);
    pt_gather_end(&g);
    spin_unlock(&kvm_lock, irq);
}

/* Makes both ends of a range boundaries between leaves. */
static int split_ends(struct mmu_flush *fl, vaddr_t start, vaddr_t end)
{
    int err = pt_split(&kernel_pt, fl, start);

    return err ? err : pt_split(&kernel_pt, fl, end);
}

int kvm_release_image(vaddr_t start, vaddr_t end)
{
    vaddr_t direct = DIRECT_BASE + kvm_image_pa(start);
    vaddr_t direct_end = direct + (end - start);
    prot_t prot = PROT_R | PROT_W | kvm_global();
    struct pt_gather g;
    irqflags_t irq = spin_lock(&kvm_lock);

    pt_gather_begin(&g, &kernel_pt);
    int err = split_ends(&g.flush, direct, direct_end);
    if (!err)
        err = split_ends(&g.flush, start, end);
    if (!err) {
        pt_unmap(&g, start, end, PT_KEEP_FRAMES);
        pt_protect(&kernel_pt, &g.flush, direct, direct_end, prot, prot);
    }
    pt_gather_end(&g);
    spin_unlock(&kvm_lock, irq);
    return err;
}

void kvm_dump(struct fmt_sink *sink)
{
    pt_dump(&kernel_pt, 0, MMU_ENTRIES - 1, sink);
}
