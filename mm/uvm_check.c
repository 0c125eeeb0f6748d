/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All user page tables under the kernel's eyes: no frame is shared that should not be.
 *
 * Three passes over every leaf of every space: clear a counter in the frame's struct page, count,
 * compare with the frame's references. User frames do not use that word otherwise.
 */
#include "large.h"
#include "table.h"
#include "uvm_impl.h"
#include <base/init.h>
#include <base/log.h>
#include <mm/kvm.h>
#include <mm/page.h>
#include <mm/pcache.h>
#include <mm/thp.h>
#include <mm/usercopy.h>

struct check {
    struct pt_visitor visitor;
    struct uvm *uvm;
    const char *error;
    size_t tables;
    size_t large;
};

static int fail(struct check *c, vaddr_t va, const char *error)
{
    log_err("user page table at %#lx: %s", va, error);
    c->error = error;
    return 1;
}

static int check_table(struct pt_visitor *v, vaddr_t va, unsigned level, const pte_t *slot)
{
    struct check *c = container_of(v, struct check, visitor);
    const struct page *table = pfn_to_page(mmu_pfn(mmu_load(slot)));

    (void)level;
    c->tables++;
    if (table->kind != PAGE_TABLE)
        return fail(c, va, "a frame in use as a table is none");
    if (!table_knows_parent(slot))
        return fail(c, va, "a table has a second parent");
    return 0;
}

static bool is_user_kind(const struct page *page)
{
    return page->kind == PAGE_ANON || page->kind == PAGE_FILE;
}

/* The frames of a leaf, each with a struct page of its own. */
static u32 frames_of(unsigned level)
{
    return level ? LARGE_PAGES : 1;
}

/* Large leaves are of anonymous memory, and counted. */
static int check_large(struct check *c, vaddr_t va, unsigned level, pte_t pte)
{
    c->large++;
    if (level != LARGE_LEVEL || !is_aligned(mmu_pfn(pte), LARGE_PAGES))
        return fail(c, va, "a leaf is of a size that no program gets");
    for (u32 i = 0; i < LARGE_PAGES; i++)
        if (pfn_to_page(mmu_pfn(pte) + i)->kind != PAGE_ANON)
            return fail(c, va, "a large leaf maps what is not anonymous memory");
    return 0;
}

/* First pass: what an entry is by itself. */
static int check_leaf(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    struct check *c = container_of(v, struct check, visitor);
    const struct region *r = region_from(c->uvm, va);

    if (!r || va < r->start || va + pt_entry_size(level) > r->end)
        return fail(c, va, "a page is mapped that no region covers");
    if (!(mmu_prot(pte) & PROT_U) || mmu_prot(pte) & PROT_G)
        return fail(c, va, "a page in the user half is not the user's own");
    if (mmu_prot(pte) != PROT_U && !mmu_permits(pte, mmu_prot(pte)))
        return fail(c, va, "an entry waits for hardware to set A or D");
    if (mmu_prot(pte) & ~(r->prot | PROT_U | (r->prot & UVM_W ? PROT_R : 0)))
        return fail(c, va, "a page has rights that its region does not give");
    if (!pfn_valid(mmu_pfn(pte)) || !is_user_kind(pfn_to_page(mmu_pfn(pte))))
        return fail(c, va, "a frame is mapped that is not user memory");
    if (level && check_large(c, va, level, pte))
        return 1;
    for (u32 i = 0; i < frames_of(level); i++)
        pfn_to_page(mmu_pfn(pte) + i)->priv = 0;
    return 0;
}

static int count_leaf(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    (void)v, (void)va;
    for (u32 i = 0; i < frames_of(level); i++)
        pfn_to_page(mmu_pfn(pte) + i)->priv++;
    return 0;
}

static int compare_frame(struct check *c, vaddr_t va, const struct page *page, pte_t pte)
{
    if (page_ref(page) < page->priv)
        return fail(c, va, "a frame has more entries than references");
    if (page->kind == PAGE_ANON && page_ref(page) > page->priv)
        return fail(c, va, "an anonymous frame has a reference too many");
    if (page->kind == PAGE_ANON && page->priv > 1 && mmu_prot(pte) & PROT_W)
        return fail(c, va, "a shared private frame is writable");
    return 0;
}

static int compare_leaf(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    struct check *c = container_of(v, struct check, visitor);
    int rc = 0;

    for (u32 i = 0; i < frames_of(level) && !rc; i++)
        rc = compare_frame(c, va + i * PAGE_SIZE, pfn_to_page(mmu_pfn(pte) + i), pte);
    return rc;
}

/* The one thing above the user half that all tables share is the kernel's, and the same. */
static const char *check_kernel_part(const struct uvm *uvm)
{
    if (mmu_pfn(uvm->pt.root[MMU_ENTRY_SLOT]) != mmu_pfn(kernel_pt.root[MMU_ENTRY_SLOT]))
        return "the entry area is not the kernel's";
    for (unsigned i = MMU_KERNEL_SLOT_FIRST; mmu_isolated() && i < MMU_ENTRY_SLOT; i++)
        if (mmu_kind(uvm->pt.root[i]) != MMU_EMPTY)
            return "a user table maps a part of the kernel";
    return NULL;
}

static const char *visit_space(struct uvm *uvm, struct pt_visitor visitor)
{
    struct check c = {.visitor = visitor, .uvm = uvm};

    rw_read_lock(&uvm->lock);
    pt_visit(&uvm->pt, 0, MMU_KERNEL_SLOT_FIRST - 1, &c.visitor);
    if (!c.error && visitor.table && c.tables + 1 != uvm->pt.tables)
        c.error = "a space does not know how many tables it has";
    if (!c.error && visitor.table && c.large != uvm->pt.large)
        c.error = "a space does not know how many large leaves it has";
    if (!c.error)
        c.error = check_kernel_part(uvm);
    rw_read_unlock(&uvm->lock);
    return c.error;
}

static const char *visit_all(struct pt_visitor visitor)
{
    const char *error = NULL;
    struct uvm *uvm = NULL;

    while ((uvm = uvm_next_space(uvm)))
        if (!error)
            error = visit_space(uvm, visitor);
    return error;
}

const char *uvm_check_all(void)
{
    const char *error = visit_all((struct pt_visitor){.table = check_table, .leaf = check_leaf});

    if (!error)
        error = visit_all((struct pt_visitor){.leaf = count_leaf});
    if (!error)
        error = visit_all((struct pt_visitor){.leaf = compare_leaf});
    return error;
}

/*
 * --- selftest=tables ---------------------------------------------------------------------------
 */

#define TEST_PAGES 1700u /* more than one table, and two large leaves */

static struct page *page_at(struct uvm *uvm, vaddr_t va)
{
    return pfn_to_page(mmu_pfn(pt_lookup(&uvm->pt, va, NULL)));
}

/* Writes a number into every `step`-th page. */
static int scribble(struct uvm *uvm, vaddr_t base, u32 step, u32 number)
{
    int err = 0;

    for (u32 i = 0; i < TEST_PAGES && !err; i += step)
        err = uvm_copyout(uvm, base + i * PAGE_SIZE, &number, sizeof(number));
    return err;
}

static int map_test_areas(struct uvm *uvm, vaddr_t *private, vaddr_t *shared)
{
    size_t len = TEST_PAGES * PAGE_SIZE;
    struct pager *pager = pcache_create_anon(len);
    int err = uvm_map(uvm, private, len, UVM_R | UVM_W, 0, NULL, 0);

    if (!pager)
        return -ENOMEM;
    if (!err)
        err = uvm_map(uvm, shared, len, UVM_R | UVM_W, UVM_SHARED, pager, 0);
    pager->ops->release(pager);
    return err;
}

/*
 * A check that cannot fail is none: it must find a frame that somebody else holds, and a stolen
 * table.
 */
static const char *check_the_check(struct uvm *uvm, vaddr_t va)
{
    struct page *page = page_at(uvm, va);
    struct page *table = virt_to_page(pt_slot(&uvm->pt, va));

    log_info("some corruptions follow on purpose");
    page_get(page);
    const char *found = uvm_check_all();
    page_put(page);
    if (!found)
        return "a reference too many was not noticed";
    table->count[TABLE_PARENT]++;
    found = uvm_check_all();
    table->count[TABLE_PARENT]--;
    return found ? NULL : "a table with a foreign parent was not noticed";
}

static const char *test_family(struct uvm *parent, struct uvm *child, vaddr_t private,
                               vaddr_t shared)
{
    if (scribble(child, private, 3, 2) || scribble(child, shared, 5, 2) ||
        scribble(parent, private, 2, 1))
        return "user copies failed";
    const char *error = uvm_check_all();
    if (error)
        return error;
    if (page_at(parent, private) == page_at(child, private))
        return "a written private page is still shared";
    if (page_at(parent, shared) != page_at(child, shared))
        return "a shared page is not shared";
    return check_the_check(parent, private);
}

/* The same for a page inside of a large leaf, of which each holder must be known too. */
static const char *check_large_check(struct uvm *uvm)
{
    vaddr_t va = 0;

    if (uvm_map(uvm, &va, 2 * LARGE_SIZE, UVM_R | UVM_W, UVM_HUGE, NULL, 0))
        return "cannot map";
    if (uvm_copyout_zero(uvm, va, 2 * LARGE_SIZE))
        return "user copies failed";
    if (!uvm->pt.large || thp_mode() == THP_NEVER) /* memory is short, or they are switched off */
        return uvm_check_all();
    struct page *page = page_at(uvm, ALIGN_UP(va, LARGE_SIZE)) + 77;
    page_get(page);
    const char *found = uvm_check_all();
    page_put(page);
    if (!found)
        return "a reference too many inside of a large leaf was not noticed";
    return uvm_check_all();
}

static const char *test_spaces(struct uvm *parent)
{
    vaddr_t private = 0, shared = 0;
    struct uvm *child;

    if (map_test_areas(parent, &private, &shared))
        return "cannot map";
    if (scribble(parent, private, 1, 1) || scribble(parent, shared, 1, 1))
        return "user copies failed";
    if (uvm_fork(parent, &child))
        return "cannot fork";
    const char *error = test_family(parent, child, private, shared);
    uvm_put(child);
    if (!error)
        error = uvm_check_all();
    return error ? error : check_large_check(parent);
}

static const char *selftest_tables(void)
{
    struct uvm *parent = uvm_create();
    char report[192];

    if (!parent)
        return "out of memory";
    const char *error = test_spaces(parent);
    uvm_put(parent);
    return error ? error : kvm_check(report, sizeof(report));
}

SELFTEST("tables", selftest_tables);
