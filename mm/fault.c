/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults: delivering what the regions promise.
 *
 * A fault holds the space's lock shared, so regions and tables stay. It decides by one look at
 * the entry, prepares a page without further locks, and puts it in under the table spinlock if
 * the entry is still what it was; if it is not, another thread was faster, and the access is
 * simply tried again. A frame that is replaced is freed after the flush.
 */
#include "fault_impl.h"
#include "pt_impl.h"
#include <base/atomic.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/pager.h>

/* File pages that are there already are mapped around a fault, in aligned groups of this many. */
#define AROUND_PAGES 16u

struct uvm_fault_counters uvm_faults[CPU_MAX];

static inline bool same_entry(pte_t a, pte_t b)
{
    return __builtin_memcmp(&a, &b, sizeof(a)) == 0;
}

/*
 * Instruction fetch is not coherent with stores: each frame makes a new generation of code, once after
 * it was filled. A new one before the mark as well as after it: whoever finds the mark must find a
 * generation that is younger than the contents, and whoever fills the frame again while this runs
 * must find the mark, to take it away.
 */
static void note_code(struct page *page)
{
    if (likely(page_has_flags(page, PAGE_F_ICACHE)))
        return;
    mmu_code_changed();
    page_set_flags(page, PAGE_F_ICACHE);
    mmu_code_changed();
}

/* Before the entry is visible: code is the same for all cpus that run the space. */
static inline void sync_icache(const struct fault *f, struct page *page, prot_t prot)
{
    if (likely(!(prot & PROT_X)))
        return;
    note_code(page);
    mmu_sync_code(&f->uvm->pt.space);
}

/*
 * The entry, with the tables above it made; or the large leaf that another thread has put there meanwhile,
 * which is as little empty. NULL when out of memory. Locked.
 */
static __noinline pte_t *make_slot(const struct fault *f)
{
    struct mmu_flush fl;
    struct pt_span span;

    if (!f->lone && pt_next_span(&f->uvm->pt, f->va, f->va + PAGE_SIZE, &span))
        return span.slot;
    mmu_flush_begin(&fl, &f->uvm->pt.space); /* links into empty entries: nothing to flush */
    return pt_slot_alloc(&f->uvm->pt, &fl, f->va);
}

/*
 * Puts a page, whose reference is the caller's, into the empty entry. Inline, for the sake of the
 * most frequent of all faults.
 */
static __always_inline int deliver(const struct fault *f, struct page *page, prot_t prot)
{
    struct mmu_flush fl;

    sync_icache(f, page, prot);
    mmu_flush_begin(&fl, &f->uvm->pt.space);
    irqflags_t irq = fault_lock(f);
    pte_t *slot = likely(f->slot) ? f->slot : make_slot(f);
    bool ours = slot && mmu_kind(mmu_load(slot)) == MMU_EMPTY;
    if (likely(ours)) {
        pt_fill(&fl, slot, mmu_leaf(page_to_pfn(page), prot, 0), f->va);
        f->uvm->stats.resident++;
    }
    fault_unlock(f, irq);
    if (unlikely(!ours))
        page_put(page);
    return slot ? 0 : -ENOMEM;
}

/*
 * Another frame comes: no thread may find it while another still reads the old one, or a store that
 * the one has made and told of would be missing for the other. So first there is none, for everybody;
 * who faults meanwhile waits for the lock.
 */
static void clear_for_others(const struct fault *f, struct mmu_flush *fl, const struct page *page)
{
    if (f->lone || mmu_pfn(f->seen) == page_to_pfn(page))
        return;
    mmu_store(fl, f->slot, MMU_NOTHING, f->va, 0);
    mmu_flush_end(fl);
}

/*
 * Exchanges the entry that was seen, and flushes it everywhere. False: it is another one by now.
 * The lock keeps whoever looks at the old frame from taking a reference too late.
 */
static bool exchange(const struct fault *f, struct page *page, prot_t prot)
{
    struct uvm *uvm = f->uvm;
    struct mmu_flush fl;

    sync_icache(f, page, prot);
    mmu_flush_begin(&fl, &uvm->pt.space);
    irqflags_t irq = spin_lock(&uvm->pt_lock);
    bool ours = same_entry(mmu_load(f->slot), f->seen);
    if (likely(ours)) {
        clear_for_others(f, &fl, page);
        mmu_store(&fl, f->slot, mmu_leaf(page_to_pfn(page), prot, 0), f->va, 0);
    }
    spin_unlock(&uvm->pt_lock, irq);
    mmu_flush_end(&fl);
    return ours;
}

/* Puts a page, whose reference is the caller's, in the place of the old one. False: too late. */
static bool replace(const struct fault *f, struct page *old, struct page *page)
{
    bool ours = exchange(f, page, PROT_U | f->region->prot);

    page_put(ours ? old : page);
    return ours;
}

static __always_inline int missing_anon(const struct fault *f)
{
    struct page *page = page_alloc(0, PA_ZERO, PAGE_ANON);

    return likely(page) ? deliver(f, page, region_sole_prot(f->region)) : -ENOMEM;
}

/* A page of the pager's, with a reference; -EIO where the contents end, -ENOMEM. */
static struct page *pager_page(const struct fault *f)
{
    struct pager *pager = f->region->pager;
    bool write = (f->access & UVM_W) && (f->region->flags & UVM_SHARED);

    return pager->ops->get(pager, region_index(f->region, f->va), write);
}

/* A private copy, or NULL. */
static struct page *copy_of(struct page *page)
{
    struct page *copy = page_alloc(0, 0, PAGE_ANON);

    if (likely(copy))
        page_copy(page_to_virt(copy), page_to_virt(page));
    return copy;
}

/* Maps the pages of one table from `va` on that are there and not mapped yet. */
static void fill_around(const struct fault *f, vaddr_t va, struct page **pages, unsigned n,
                        prot_t prot)
{
    struct uvm *uvm = f->uvm;
    struct mmu_flush fl;

    mmu_flush_begin(&fl, &uvm->pt.space);
    irqflags_t irq = fault_lock(f);
    pte_t *slot = pt_slot(&uvm->pt, va);
    for (unsigned i = 0; slot && i < n; i++) {
        if (!pages[i] || mmu_kind(mmu_load(slot + i)) != MMU_EMPTY)
            continue;
        pt_fill(&fl, slot + i, mmu_leaf(page_to_pfn(pages[i]), prot, 0), va + i * PAGE_SIZE);
        uvm->stats.resident++;
        pages[i] = NULL;
    }
    fault_unlock(f, irq);
}

/* Spares the faults on neighbours in the cache. The group lies in one table, as it is aligned. */
static void map_around(const struct fault *f)
{
    const struct region *r = f->region;
    struct page *pages[AROUND_PAGES];
    vaddr_t group = ALIGN_DOWN(f->va, AROUND_PAGES * PAGE_SIZE);
    vaddr_t start = MAX(group, r->start);
    vaddr_t end = MIN(group + AROUND_PAGES * PAGE_SIZE, r->end);
    unsigned n = (unsigned)((end - start) >> PAGE_SHIFT);

    if (n == 1 || !r->pager->ops->peek)
        return;
    r->pager->ops->peek(r->pager, region_index(r, start), n, pages);
    for (unsigned i = 0; i < n; i++)
        if (pages[i])
            sync_icache(f, pages[i], region_entry_prot(r));
    fill_around(f, start, pages, n, region_entry_prot(r));
    for (unsigned i = 0; i < n; i++)
        if (pages[i])
            page_put(pages[i]);
}

/* The page that the region shows at the fault, with a reference, and the rights to it. */
static struct page *file_page(const struct fault *f, prot_t *prot)
{
    struct page *page = pager_page(f);

    *prot = region_entry_prot(f->region);
    if (IS_ERR(page) || !(f->access & UVM_W))
        return page;
    *prot |= PROT_W | PROT_R;
    if (f->region->flags & UVM_SHARED)
        return page;
    struct page *copy = copy_of(page);
    page_put(page);
    return copy ? copy : ERR_PTR(-ENOMEM);
}

static __noinline int missing_file(const struct fault *f)
{
    prot_t prot;
    struct page *page = file_page(f, &prot);

    if (IS_ERR(page))
        return (int)PTR_ERR(page);
    int err = deliver(f, page, prot);
    if (!err && !(prot & PROT_W))
        map_around(f);
    return err;
}

/* References the frame that was seen, if it is still mapped there. */
static bool hold_seen(const struct fault *f, struct page *page)
{
    irqflags_t irq = spin_lock(&f->uvm->pt_lock);
    bool same = same_entry(mmu_load(f->slot), f->seen);

    if (same)
        page_get(page);
    spin_unlock(&f->uvm->pt_lock, irq);
    return same;
}

/* The last owner of an anonymous frame need not copy it. `others`: references not from entries. */
static int own_or_copy(const struct fault *f, struct page *page, u32 others)
{
    if (page->kind == PAGE_ANON && page_ref(page) == 1 + others) {
        if (exchange(f, page, PROT_U | f->region->prot))
            atomic_add_relaxed(&f->uvm->stats.cow_reused, 1);
        return 0;
    }
    struct page *copy = copy_of(page);
    if (unlikely(!copy))
        return -ENOMEM;
    if (replace(f, page, copy))
        atomic_add_relaxed(&f->uvm->stats.cow_copied, 1);
    return 0;
}

/*
 * A write to a page that is mapped for reading, in a private mapping. Other threads may exchange
 * the entry while it is being copied, and drop the last reference: so there is one more then.
 */
static __noinline int write_private(const struct fault *f)
{
    struct page *page = pfn_to_page(mmu_pfn(f->seen));

    if (f->lone)
        return own_or_copy(f, page, 0);
    if (!hold_seen(f, page))
        return 0;
    int err = own_or_copy(f, page, 1);
    page_put(page);
    return err;
}

/* The same in a shared one: the pager hears of it, and may have another page by now. */
static __noinline int write_shared(const struct fault *f)
{
    struct page *page = pager_page(f);

    if (IS_ERR(page))
        return (int)PTR_ERR(page);
    replace(f, pfn_to_page(mmu_pfn(f->seen)), page);
    return 0;
}

static __noinline int spurious(const struct fault *f)
{
    atomic_add_relaxed(&f->uvm->stats.spurious, 1);
    uvm_faults[cpu_id()].spurious++;
    mmu_fix_spurious(f->va);
    return 0;
}

/* There is no table of pages at the address: a large leaf is there, or can be; else a table comes. */
static __noinline int no_table(const struct fault *f)
{
    struct pt *pt = &f->uvm->pt;
    pte_t pte = READ_ONCE(pt->large) ? pt_lookup(pt, f->va, NULL) : MMU_NOTHING;

    if (mmu_kind(pte) == MMU_LEAF)
        return mmu_permits(pte, PROT_U | f->access) ? spurious(f) : fault_write_large(f);
    if (f->region->pager)
        return missing_file(f);
    return fault_deliver_large(f) ? 0 : missing_anon(f);
}

/* W implies R, as in the entries themselves. */
static bool may_access(const struct region *r, unsigned access)
{
    unsigned prot = r->prot & UVM_W ? r->prot | UVM_R : r->prot;

    return (prot & access) == access;
}

static inline int serve(struct fault *f)
{
    if (unlikely(!may_access(f->region, f->access)))
        return -EACCES;
    f->slot = pt_slot(&f->uvm->pt, f->va);
    if (unlikely(!f->slot))
        return no_table(f);
    f->seen = mmu_load(f->slot);
    if (mmu_kind(f->seen) == MMU_EMPTY)
        return f->region->pager ? missing_file(f) : missing_anon(f);
    if (mmu_permits(f->seen, PROT_U | f->access))
        return spurious(f);
    DEBUG_ASSERT(f->access & UVM_W);
    return f->region->flags & UVM_SHARED ? write_shared(f) : write_private(f);
}

/* Whether the stack above va may reach down to it. */
static bool may_grow(const struct uvm *uvm, const struct region *r, vaddr_t va)
{
    const struct region *below = region_prev(r);
    vaddr_t floor = below ? below->end + UVM_STACK_GUARD : UVM_MIN;
    u64 pages = (r->start - va) >> PAGE_SHIFT;

    return (r->flags & UVM_STACK) && va >= floor && r->end - va <= uvm->limits.stack &&
           uvm_may_book(uvm, pages, r->prot, r->flags) && uvm_may_lock(uvm, r->flags, pages);
}

/* Stretches a stack region down to va. 0, or -EFAULT: there is none, or it may not. */
static int grow_stack(struct uvm *uvm, vaddr_t va)
{
    int err = -EFAULT;

    rw_write_lock(&uvm->lock);
    struct region *r = region_from(uvm, va);
    if (r && r->start <= va) {
        err = 0; /* another thread was faster */
    } else if (r && may_grow(uvm, r, va)) {
        region_resize(uvm, r, va, r->end);
        err = 0;
    }
    rw_write_unlock(&uvm->lock);
    return err;
}

/* Regions stay because the lock is held shared, or because nobody else can take it exclusively. */
int uvm_fault(struct uvm *uvm, vaddr_t va, unsigned access)
{
    bool lone = uvm_is_lone(uvm);
    int err = -EFAULT;

    uvm_faults[cpu_id()].faults++;

    if (unlikely(va >= USER_TOP))
        return -EFAULT;
    va = ALIGN_DOWN(va, PAGE_SIZE);
    if (!lone)
        rw_read_lock(&uvm->lock);
    struct region *r = region_find(uvm, va);
    if (likely(r)) {
        struct fault f = {uvm, r, va, access, lone, NULL, MMU_NOTHING};
        err = serve(&f);
    }
    if (!lone)
        rw_read_unlock(&uvm->lock);
    if (likely(!err))
        return 0;
    if (err == -EAGAIN || (!r && grow_stack(uvm, va) == 0))
        return uvm_fault(uvm, va, access);
    return err;
}
