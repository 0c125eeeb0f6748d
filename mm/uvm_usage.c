/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of an address space is there (see include/mm/uvm_usage.h).
 *
 * The space's lock, held shared, keeps tables and frames where they are. Entries may be added meanwhile;
 * then they are counted or not. The number of entries that map a frame is its references: of anonymous
 * frames exactly, of the page cache's but for the cache's own one. Who holds one for a moment, to copy,
 * makes a page look shared for that long.
 */
#include "uvm_impl.h"
#include <base/wait.h>
#include <mm/page.h>
#include <mm/uvm_usage.h>

/* Entries that map the frame, at least the one that led here. */
static u32 mappings_of(const struct page *page)
{
    u32 refs = page_ref(page);

    if (page->kind != PAGE_ANON && refs)
        refs--;
    return MAX(refs, 1u);
}

static void add_page(struct uvm_usage *to, const struct page *page)
{
    u32 mappings = mappings_of(page);
    bool dirty = page->kind == PAGE_ANON || page->flags & PAGE_F_DIRTY;

    to->resident += PAGE_SIZE;
    to->proportional += PAGE_SIZE / mappings;
    if (page->kind == PAGE_ANON)
        to->anonymous += PAGE_SIZE;
    if (mappings > 1)
        *(dirty ? &to->shared_dirty : &to->shared_clean) += PAGE_SIZE;
    else
        *(dirty ? &to->private_dirty : &to->private_clean) += PAGE_SIZE;
}

/* n frames from pfn on; a device's have no struct page and are not memory. */
static void add_frames(struct uvm_usage *to, pfn_t pfn, u64 n)
{
    for (u64 i = 0; i < n; i++)
        if (pfn_valid(pfn + i))
            add_page(to, pfn_to_page(pfn + i));
}

static void add_span(struct uvm_usage *to, const struct pt_span *span, vaddr_t start, vaddr_t end)
{
    size_t size = pt_entry_size(span->level);

    for (unsigned i = 0; i < span->count; i++) {
        pte_t pte = mmu_load(&span->slot[i]);
        vaddr_t va = span->va + i * size;
        vaddr_t from = MAX(va, start), to_end = MIN(va + size, end);

        if (mmu_kind(pte) != MMU_LEAF)
            continue;
        add_frames(to, mmu_pfn(pte) + ((from - va) >> PAGE_SHIFT), (to_end - from) >> PAGE_SHIFT);
        if (span->level)
            to->large += to_end - from;
    }
}

void uvm_usage_add(const struct uvm *uvm, vaddr_t start, vaddr_t end, struct uvm_usage *to)
{
    struct pt_span span;

    for (vaddr_t va = start; va < end && pt_next_span(&uvm->pt, va, end, &span);
         va = pt_span_end(&span)) {
        add_span(to, &span, start, end);
        yield_point();
    }
}

static struct uvm_page look_at(const struct uvm *uvm, vaddr_t va)
{
    unsigned level;
    pte_t pte = pt_lookup(&uvm->pt, va, &level);

    if (mmu_kind(pte) != MMU_LEAF)
        return (struct uvm_page){.present = false};
    pfn_t pfn = mmu_pfn(pte) + (va % pt_entry_size(level) >> PAGE_SHIFT);
    if (!pfn_valid(pfn))
        return (struct uvm_page){.present = true, .pfn = pfn};
    const struct page *page = pfn_to_page(pfn);
    return (struct uvm_page){
        .present = true,
        .file = page->kind != PAGE_ANON,
        .sole = mappings_of(page) == 1,
        .pfn = pfn,
    };
}

void uvm_look(struct uvm *uvm, vaddr_t va, struct uvm_page *out, unsigned n)
{
    rw_read_lock(&uvm->lock);
    for (unsigned i = 0; i < n; i++, va += PAGE_SIZE)
        out[i] = va < USER_TOP ? look_at(uvm, va) : (struct uvm_page){.present = false};
    rw_read_unlock(&uvm->lock);
}
