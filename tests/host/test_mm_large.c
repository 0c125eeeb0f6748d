/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: mm/uvm.c mm/uvm_region.c mm/uvm_map.c mm/uvm_brk.c mm/uvm_remap.c mm/uvm_advise.c mm/uvm_show.c
// sources: mm/uvm_large.c mm/uvm_commit.c mm/fault.c
// sources: mm/usercopy.c mm/pcache.c mm/pcache_anon.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * Large pages in programs' spaces: when they come, that they are split where something ends inside of
 * one, shared and taken back by fork, and given back as blocks. Then random calls in three spaces
 * against a model of each page, with the references of every frame counted.
 */
#include "../../mm/large.h"
#include "../../mm/uvm_impl.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include "no_sleep.h"
#include "softmmu.h"
#include "uvm_holder.h"
#include <base/percpu.h>
#include <lib/errno.h>
#include <mm/failalloc.h>
#include <mm/kvm.h>
#include <mm/page.h>
#include <mm/pcache.h>
#include <mm/thp.h>
#include <mm/usercopy.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* uvm.c refers to the kernel's table when it activates; there is none here. */
struct pt kernel_pt;

#define RW   (UVM_R | UVM_W)
#define BASE (64 * MiB)

static struct uvm *uvm;
static u64 free_before;

/* mremap to another place, with the same size. */
static int move(struct uvm *u, vaddr_t from, size_t len, vaddr_t to, vaddr_t *out)
{
    struct uvm_remap m = {
        .old = from, .old_len = len, .new_len = len, .may_move = true, .fixed = true, .to = to};
    int err = uvm_mremap(u, &m);

    *out = m.to;
    return err;
}

static int set_up(void **state)
{
    (void)state;
    softmmu_reset(3);
    free_before = mm_machine_free_pages();
    uvm = uvm_create();
    assert_non_null(uvm);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    uvm_put(uvm);
    assert_int_equal(thp_set_mode("always"), 0);
    assert_int_equal(pt_large_total(), 0);
    assert_int_equal(mm_machine_free_pages(), free_before);
    return 0;
}

static void map_at(vaddr_t va, size_t len, unsigned prot, unsigned flags)
{
    assert_int_equal(uvm_map(uvm, &va, len, prot, flags | UVM_FIXED, NULL, 0), 0);
}

static void put_word(struct uvm *in, vaddr_t va, u64 word)
{
    assert_int_equal(uvm_copyout(in, va, &word, sizeof(word)), 0);
}

static u64 get_word(struct uvm *in, vaddr_t va)
{
    u64 word = 0;

    assert_int_equal(uvm_copyin(in, &word, va, sizeof(word)), 0);
    return word;
}

static unsigned level_at(const struct uvm *in, vaddr_t va)
{
    unsigned level;

    assert_int_equal(mmu_kind(pt_lookup(&in->pt, va, &level)), MMU_LEAF);
    return level;
}

static struct page *frame_at(const struct uvm *in, vaddr_t va)
{
    unsigned level;
    pte_t pte = pt_lookup(&in->pt, va, &level);

    return pfn_to_page(mmu_pfn(pte) + va % pt_entry_size(level) / PAGE_SIZE);
}

/* What the whole of a space's account says about large pages. */
static void expect(const struct uvm *in, u32 large, u64 resident)
{
    assert_int_equal(in->pt.large, large);
    assert_int_equal(in->stats.resident, resident);
}

/* As a program: through the caches, with faults until it is settled. */
static int user_access(struct uvm *in, vaddr_t va, unsigned access, paddr_t *pa)
{
    for (int tries = 0; tries < 6; tries++) {
        if (softmmu_access(&in->pt.space, va, PROT_U | access, pa) == SOFTMMU_OK)
            return 0;
        int err = uvm_fault(in, va, access);
        if (err)
            return err;
    }
    fail_msg("access at %#lx does not settle", va);
    return 0;
}

/*
 * --- where they come ---------------------------------------------------------------------------
 */

static void test_one_fault_for_2_mib(void **state)
{
    paddr_t first, pa;

    (void)state;
    map_at(BASE - MiB, 5 * MiB, RW, 0);
    assert_int_equal(user_access(uvm, BASE + 5, UVM_R, &first), 0);
    expect(uvm, 1, LARGE_PAGES);
    assert_true(is_aligned(first - 5, LARGE_SIZE));
    for (size_t off = 0; off < LARGE_SIZE; off += PAGE_SIZE) {
        assert_int_equal(softmmu_access(&uvm->pt.space, BASE + off, PROT_U | PROT_W, &pa), 0);
        assert_int_equal(pa, first - 5 + off);
        assert_null(mem_find_not(phys_to_virt(pa), 0, PAGE_SIZE));
    }
    /* the ends of the region hold none */
    put_word(uvm, BASE - 8, 1);
    put_word(uvm, BASE + 5 * MiB - MiB - 8, 1);
    expect(uvm, 2, 2 * LARGE_PAGES + 1);
    put_word(uvm, BASE + 2 * LARGE_SIZE - PAGE_SIZE, 7);
    expect(uvm, 2, 2 * LARGE_PAGES + 1);
    assert_int_equal(pt_large_total(), 2);
}

static void expect_small(unsigned prot, unsigned flags, unsigned access)
{
    u64 before = uvm->stats.resident;

    map_at(BASE, LARGE_SIZE, prot, flags);
    assert_int_equal(uvm_fault(uvm, BASE + PAGE_SIZE, access), 0);
    expect(uvm, 0, before + 1);
    assert_int_equal(uvm_unmap(uvm, BASE, LARGE_SIZE), 0);
}

static void expect_large(unsigned flags)
{
    map_at(BASE, LARGE_SIZE, RW, flags);
    assert_int_equal(uvm_fault(uvm, BASE + PAGE_SIZE, UVM_W), 0);
    expect(uvm, 1, LARGE_PAGES);
    assert_int_equal(uvm_unmap(uvm, BASE, LARGE_SIZE), 0);
    expect(uvm, 0, 0);
}

static void test_where_none_comes(void **state)
{
    struct pager *pager = pcache_create_anon(LARGE_SIZE);
    vaddr_t va = BASE;

    (void)state;
    expect_small(RW, UVM_NOHUGE, UVM_W);
    expect_small(RW, UVM_STACK, UVM_W);
    expect_small(RW | UVM_X, 0, UVM_W);
    assert_int_equal(uvm_map(uvm, &va, LARGE_SIZE, RW, UVM_SHARED | UVM_FIXED, pager, 0), 0);
    pager->ops->release(pager);
    put_word(uvm, BASE, 1);
    expect(uvm, 0, 1);
    assert_int_equal(uvm_unmap(uvm, BASE, LARGE_SIZE), 0);
    /* one page too short, at either end */
    map_at(BASE, LARGE_SIZE - PAGE_SIZE, RW, 0);
    put_word(uvm, BASE, 1);
    map_at(BASE + LARGE_SIZE + PAGE_SIZE, LARGE_SIZE - PAGE_SIZE, RW, 0);
    put_word(uvm, BASE + LARGE_SIZE + PAGE_SIZE, 1);
    expect(uvm, 0, 2);
    /* and where a small page is already, when the region grows around it */
    map_at(BASE + LARGE_SIZE - PAGE_SIZE, 2 * PAGE_SIZE, RW, 0);
    put_word(uvm, BASE + PAGE_SIZE, 1);
    expect(uvm, 0, 3);
}

static void test_modes(void **state)
{
    (void)state;
    expect_large(0);
    expect_large(UVM_HUGE);
    assert_int_equal(thp_set_mode("madvise"), 0);
    expect_small(RW, 0, UVM_W);
    expect_large(UVM_HUGE);
    assert_int_equal(thp_set_mode("never"), 0);
    expect_small(RW, UVM_HUGE, UVM_W);
    assert_int_equal(thp_set_mode("sometimes"), -EINVAL);
    assert_string_equal(thp_mode_name(thp_mode()), "never");
}

/* Nobody gets one at the cost of the rest: small pages instead, and no waiting. */
static void test_memory_short(void **state)
{
    struct page *blocks = NULL;

    (void)state;
    for (struct page *p; page_free_count() > 2 * LARGE_PAGES + 64;) {
        p = page_alloc(LARGE_ORDER, 0, PAGE_KERNEL);
        if (!p)
            break;
        p->owner = blocks;
        blocks = p;
    }
    expect_small(RW, 0, UVM_W);
    for (struct page *next; blocks; blocks = next) {
        next = blocks->owner;
        page_free(blocks, LARGE_ORDER);
    }
    expect_large(0);
}

/* It is the same block that comes back, not 512 pages. */
static void test_blocks_come_back(void **state)
{
    struct page_stats before, after;

    (void)state;
    map_at(BASE, 4 * MiB, RW, 0);
    put_word(uvm, BASE, 1);
    page_stats(&before);
    put_word(uvm, BASE + LARGE_SIZE, 1);
    assert_int_equal(uvm_discard(uvm, BASE + LARGE_SIZE, LARGE_SIZE, 0), 0);
    page_stats(&after);
    assert_int_equal(after.cached, before.cached);
    assert_int_equal(after.free, before.free);
    for (unsigned order = 0; order < PAGE_ORDERS; order++)
        assert_int_equal(after.zone[0].blocks[order], before.zone[0].blocks[order]);
    assert_int_equal(get_word(uvm, BASE + LARGE_SIZE), 0);
    assert_null(page_check());
}

/*
 * --- splitting ---------------------------------------------------------------------------------
 */

/* A large page with each page's number in it, in the soft MMU's caches too. */
static void make_large(vaddr_t va)
{
    paddr_t pa;

    map_at(va, LARGE_SIZE, RW, 0);
    for (u32 i = 0; i < LARGE_PAGES; i++) {
        put_word(uvm, va + i * PAGE_SIZE, i + 1);
        assert_int_equal(user_access(uvm, va + i * PAGE_SIZE, UVM_W, &pa), 0);
    }
    expect(uvm, 1, LARGE_PAGES);
}

/* All but pages [first, end) are what they were. */
static void expect_contents(struct uvm *in, vaddr_t va, u32 first, u32 end)
{
    for (u32 i = 0; i < LARGE_PAGES; i++)
        if (i < first || i >= end)
            assert_int_equal(get_word(in, va + i * PAGE_SIZE), i + 1);
}

static void test_unmap_inside(void **state)
{
    paddr_t pa;

    (void)state;
    make_large(BASE);
    assert_int_equal(uvm_unmap(uvm, BASE + 3 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
    expect(uvm, 0, LARGE_PAGES - 2);
    softmmu_check(&uvm->pt.space);
    assert_int_equal(user_access(uvm, BASE + 3 * PAGE_SIZE, UVM_R, &pa), -EFAULT);
    expect_contents(uvm, BASE, 3, 5);
    assert_int_equal(level_at(uvm, BASE), 0);
}

static void test_unmap_exactly(void **state)
{
    u32 tables = uvm->pt.tables;

    (void)state;
    make_large(BASE);
    assert_int_equal(uvm->pt.tables, tables + 1);
    assert_int_equal(uvm_unmap(uvm, BASE, LARGE_SIZE), 0);
    expect(uvm, 0, 0);
    assert_int_equal(uvm->pt.tables, tables); /* the one above goes too */
    softmmu_check(&uvm->pt.space);
}

static void test_protect_inside(void **state)
{
    paddr_t pa;

    (void)state;
    make_large(BASE);
    assert_int_equal(uvm_protect(uvm, BASE + PAGE_SIZE, PAGE_SIZE, UVM_R), 0);
    expect(uvm, 0, LARGE_PAGES);
    softmmu_check(&uvm->pt.space);
    assert_int_equal(user_access(uvm, BASE + PAGE_SIZE, UVM_W, &pa), -EACCES);
    assert_int_equal(user_access(uvm, BASE, UVM_W, &pa), 0);
    expect_contents(uvm, BASE, 0, 0);
}

static void test_protect_exactly(void **state)
{
    paddr_t pa;

    (void)state;
    make_large(BASE);
    assert_int_equal(uvm_protect(uvm, BASE, LARGE_SIZE, UVM_R), 0);
    assert_int_equal(user_access(uvm, BASE + 9 * PAGE_SIZE, UVM_W, &pa), -EACCES);
    assert_int_equal(uvm_protect(uvm, BASE, LARGE_SIZE, 0), 0);
    assert_int_equal(user_access(uvm, BASE, UVM_R, &pa), -EACCES);
    expect(uvm, 1, LARGE_PAGES);
    assert_int_equal(uvm_protect(uvm, BASE, LARGE_SIZE, RW), 0);
    assert_int_equal(uvm->stats.spurious, 0);
    assert_int_equal(user_access(uvm, BASE, UVM_W, &pa), 0);
    expect(uvm, 1, LARGE_PAGES);
    expect_contents(uvm, BASE, 0, 0);
}

static void test_discard_inside(void **state)
{
    (void)state;
    make_large(BASE);
    assert_int_equal(uvm_discard(uvm, BASE + 100 * PAGE_SIZE, 50 * PAGE_SIZE, 0), 0);
    expect(uvm, 0, LARGE_PAGES - 50);
    softmmu_check(&uvm->pt.space);
    assert_int_equal(get_word(uvm, BASE + 120 * PAGE_SIZE), 0);
    expect_contents(uvm, BASE, 100, 150);
}

static void expect_moved(vaddr_t to, u32 large)
{
    vaddr_t out;

    make_large(BASE);
    assert_int_equal(move(uvm, BASE, LARGE_SIZE, to, &out), 0);
    expect(uvm, large, LARGE_PAGES);
    softmmu_check(&uvm->pt.space);
    expect_contents(uvm, to, 0, 0);
    assert_int_equal(uvm_copyin(uvm, &out, BASE, 1), -EFAULT);
    assert_int_equal(uvm_unmap(uvm, to, LARGE_SIZE), 0);
    assert_int_equal(uvm->pt.tables, 1);
}

static void test_move(void **state)
{
    (void)state;
    expect_moved(BASE + 2 * LARGE_SIZE, 1);
    expect_moved(BASE + 3 * GiB, 1);
    expect_moved(BASE + 3 * LARGE_SIZE + PAGE_SIZE, 0);
}

/*
 * --- fork --------------------------------------------------------------------------------------
 */

static void test_fork_shares(void **state)
{
    struct uvm *child;
    paddr_t pa;

    (void)state;
    make_large(BASE);
    assert_int_equal(uvm_fork(uvm, &child), 0);
    softmmu_check(&uvm->pt.space);
    expect(child, 1, LARGE_PAGES);
    assert_ptr_equal(frame_at(uvm, BASE + 77 * PAGE_SIZE), frame_at(child, BASE + 77 * PAGE_SIZE));
    expect_contents(child, BASE, 0, 0);
    /* who writes first splits its own, and copies a page */
    assert_int_equal(user_access(child, BASE + 77 * PAGE_SIZE, UVM_R, &pa), 0);
    put_word(child, BASE + 77 * PAGE_SIZE, 1000);
    expect(child, 0, LARGE_PAGES);
    expect(uvm, 1, LARGE_PAGES);
    softmmu_check(&child->pt.space);
    assert_int_equal(get_word(child, BASE + 77 * PAGE_SIZE), 1000);
    expect_contents(child, BASE, 77, 78);
    expect_contents(uvm, BASE, 0, 0);
    assert_int_equal(child->stats.cow_copied, 1);
    assert_int_equal(page_ref(frame_at(uvm, BASE + 77 * PAGE_SIZE)), 1);
    assert_int_equal(page_ref(frame_at(uvm, BASE + 78 * PAGE_SIZE)), 2);
    uvm_put(child);
}

/* When the child is gone, all of it is the parent's again, with one fault and without a copy. */
static void test_fork_and_back(void **state)
{
    struct uvm *child;
    paddr_t old, pa;

    (void)state;
    make_large(BASE);
    assert_int_equal(user_access(uvm, BASE, UVM_W, &old), 0);
    assert_int_equal(uvm_fork(uvm, &child), 0);
    uvm_put(child);
    assert_int_equal(user_access(uvm, BASE, UVM_R, &pa), 0);
    assert_int_equal(user_access(uvm, BASE + 5 * PAGE_SIZE, UVM_W, &pa), 0);
    assert_int_equal(pa, old + 5 * PAGE_SIZE);
    expect(uvm, 1, LARGE_PAGES);
    assert_int_equal(uvm->stats.cow_reused, 1);
    assert_int_equal(uvm->stats.cow_copied, 0);
    expect_contents(uvm, BASE, 0, 0);
}

/* Of a page that two spaces hold, mprotect gives W back to neither. */
static void test_fork_and_protect(void **state)
{
    struct uvm *child;

    (void)state;
    make_large(BASE);
    assert_int_equal(uvm_fork(uvm, &child), 0);
    assert_int_equal(uvm_protect(uvm, BASE, LARGE_SIZE, UVM_R), 0);
    assert_int_equal(uvm_protect(uvm, BASE, LARGE_SIZE, RW), 0);
    put_word(uvm, BASE, 1000);
    assert_int_equal(get_word(child, BASE), 1);
    uvm_put(child);
}

/* As one of two threads: the copy comes when nobody reads the old page any more, large leaf or not. */
static void test_fork_of_threads(void **state)
{
    struct uvm *child;
    paddr_t old, new;

    (void)state;
    make_large(BASE);
    assert_int_equal(uvm_fork(uvm, &child), 0);
    assert_int_equal(user_access(uvm, BASE + PAGE_SIZE, UVM_R, &old), 0);
    uvm_get(uvm);
    softmmu_several = true;
    assert_int_equal(user_access(uvm, BASE + PAGE_SIZE, UVM_W, &new), 0);
    softmmu_several = false;
    assert_int_not_equal(old, new);
    softmmu_check(&uvm->pt.space);
    uvm_put(uvm);
    uvm_put(child);
}

/*
 * --- two threads at once -----------------------------------------------------------------------
 */

static void other_faults(void)
{
    assert_int_equal(uvm_fault(uvm, BASE + 8 * PAGE_SIZE, UVM_W), 0);
}

static void other_faults_small(void)
{
    assert_int_equal(thp_set_mode("never"), 0);
    other_faults();
}

/* While one thread clears its pages, another faults next to it: who comes second gives way. */
static void race(void (*other)(void), u32 large, u64 resident)
{
    map_at(BASE, LARGE_SIZE, RW, 0);
    uvm_get(uvm);
    this_cpu()->work = CPU_WORK_RESCHED;
    no_sleep_others = other;
    assert_int_equal(uvm_fault(uvm, BASE, UVM_W), 0);
    this_cpu()->work = 0;
    assert_null(no_sleep_others);
    expect(uvm, large, resident);
    uvm_put(uvm);
}

static void test_race_of_two_large(void **state)
{
    (void)state;
    race(other_faults, 1, LARGE_PAGES);
}

static void test_race_with_a_small_one(void **state)
{
    (void)state;
    race(other_faults_small, 0, 2);
}

/*
 * --- out of memory -----------------------------------------------------------------------------
 */

static int life(struct uvm **child)
{
    vaddr_t out;
    int err;

    if ((err = uvm_copyout(uvm, BASE, "x", 1)) ||
        (err = uvm_copyout(uvm, BASE + LARGE_SIZE + 5, "y", 1)) || (err = uvm_fork(uvm, child)) ||
        (err = uvm_copyout(uvm, BASE, "z", 1)) ||
        (err = uvm_protect(uvm, BASE + LARGE_SIZE + PAGE_SIZE, PAGE_SIZE, UVM_R)) ||
        (err = uvm_discard(uvm, BASE + PAGE_SIZE, PAGE_SIZE, 0)))
        return err;
    err = move(*child, BASE, 2 * LARGE_SIZE, 3 * GiB, &out);
    if (err)
        return err;
    if ((err = move(*child, 3 * GiB, 2 * LARGE_SIZE, 5 * GiB + PAGE_SIZE, &out)))
        return err;
    return uvm_unmap(*child, 5 * GiB + 7 * PAGE_SIZE, PAGE_SIZE);
}

static char char_at(struct uvm *in, vaddr_t va)
{
    char c = '?';

    assert_int_equal(uvm_copyin(in, &c, va, 1), 0);
    return c;
}

/* Whatever fails: what was written is there, and what was lost is nothing. */
static void test_no_memory(void **state)
{
    bool hit = true;
    u32 k;

    for (k = 1; hit; k++) {
        struct uvm *child = NULL;

        map_at(BASE, 2 * LARGE_SIZE, RW, 0);
        failalloc_arm(k);
        int err = life(&child);
        hit = failalloc_left() == 0;
        failalloc_arm(0);
        if (err)
            assert_true(hit && (err == -ENOMEM || err == -EFAULT));
        softmmu_check(&uvm->pt.space);
        if (!err)
            assert_int_equal(char_at(uvm, BASE), 'z');
        if (child) {
            bool here = region_from(child, BASE) && region_from(child, BASE)->start == BASE;
            bool there =
                region_from(child, 3 * GiB) && region_from(child, 3 * GiB)->start < 4 * GiB;
            vaddr_t at = here ? BASE : there ? 3 * GiB : 5 * GiB + PAGE_SIZE;
            softmmu_check(&child->pt.space);
            assert_int_equal(char_at(child, at), 'x');
            assert_int_equal(char_at(child, at + LARGE_SIZE + 5), 'y');
            uvm_put(child);
        }
        tear_down(state);
        set_up(state);
    }
    assert_true(k > 15);
}

/*
 * --- at random ---------------------------------------------------------------------------------
 */

#define SPACES       3
#define WINDOW_PAGES 3072u
#define WINDOW       (GiB - 5 * MiB) /* five large pages fit in, on both sides of a table's border */
#define OPERATIONS   50000

struct mpage {
    bool mapped;
    u8 prot;
    u16 flags;
    u64 word;
};

static struct space {
    struct uvm *uvm;
    struct mpage page[WINDOW_PAGES];
} spaces[SPACES];
static u64 rng;
static u32 large_seen; /* large leaves found while comparing */

static u32 below(u32 n)
{
    return (u32)(host_random(&rng) % n);
}

static vaddr_t va_of(u32 i)
{
    return WINDOW + i * PAGE_SIZE;
}

struct walk {
    struct pt_visitor visitor;
    struct space *space;
    u64 pages;
    u32 large;
};

static int check_leaf(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    struct walk *w = container_of(v, struct walk, visitor);
    u32 n = level ? LARGE_PAGES : 1;
    const struct mpage *m = &w->space->page[(va - WINDOW) / PAGE_SIZE];

    assert_true(level <= LARGE_LEVEL);
    w->large += level;
    w->pages += n;
    for (u32 i = 0; i < n; i++) {
        assert_true(m[i].mapped);
        assert_int_equal(mmu_prot(pte) & ~(m[i].prot | PROT_U | (m[i].prot & UVM_W ? PROT_R : 0)),
                         0);
        if (level)
            assert_false(m[i].flags & UVM_NOHUGE);
    }
    return 0;
}

static int clear_counts(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    (void)v, (void)va;
    for (u32 i = 0; i < (level ? LARGE_PAGES : 1); i++)
        pfn_to_page(mmu_pfn(pte) + i)->priv = 0;
    return 0;
}

static int count_frames(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    (void)v, (void)va;
    for (u32 i = 0; i < (level ? LARGE_PAGES : 1); i++)
        pfn_to_page(mmu_pfn(pte) + i)->priv++;
    return 0;
}

static int compare_frames(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    (void)v, (void)va;
    for (u32 i = 0; i < (level ? LARGE_PAGES : 1); i++) {
        const struct page *page = pfn_to_page(mmu_pfn(pte) + i);
        assert_int_equal(page_ref(page), page->priv);
        assert_true(page->priv == 1 || !(mmu_prot(pte) & PROT_W));
    }
    return 0;
}

static void visit_all(int (*leaf)(struct pt_visitor *, vaddr_t, unsigned, pte_t))
{
    struct pt_visitor v = {.leaf = leaf};

    for (int k = 0; k < SPACES; k++)
        if (spaces[k].uvm)
            pt_visit(&spaces[k].uvm->pt, 0, MMU_ENTRIES - 1, &v);
}

static void compare_tables(void)
{
    u64 large = 0;

    for (int k = 0; k < SPACES; k++) {
        struct walk w = {.visitor = {.leaf = check_leaf}, .space = &spaces[k]};
        if (!spaces[k].uvm)
            continue;
        pt_visit(&spaces[k].uvm->pt, 0, MMU_ENTRIES - 1, &w.visitor);
        expect(spaces[k].uvm, w.large, w.pages);
        large += w.large;
        softmmu_check(&spaces[k].uvm->pt.space);
    }
    assert_int_equal(pt_large_total(), large);
    large_seen += (u32)large;
    visit_all(clear_counts);
    visit_all(count_frames);
    visit_all(compare_frames);
}

static bool may(const struct mpage *m, unsigned access)
{
    unsigned prot = m->prot & UVM_W ? m->prot | UVM_R : m->prot;

    return m->mapped && (prot & access) == access;
}

static void compare_contents(void)
{
    for (int k = 0; k < SPACES; k++)
        for (u32 i = 0; spaces[k].uvm && i < WINDOW_PAGES; i++)
            if (may(&spaces[k].page[i], UVM_R))
                assert_int_equal(get_word(spaces[k].uvm, va_of(i) + 8), spaces[k].page[i].word);
}

/* Half of all ranges begin at a multiple of 2 MiB, half of all end at one. */
static void pick_range(u32 *first, u32 *n)
{
    u32 odd = (u32)(va_of(0) % LARGE_SIZE / PAGE_SIZE);
    u32 end;

    *first = below(WINDOW_PAGES - 1);
    if (below(2))
        *first = (u32)ALIGN_DOWN(*first + odd, LARGE_PAGES) + LARGE_PAGES - odd;
    *first = MIN(*first, WINDOW_PAGES - 1);
    end = *first + 1 + below(below(2) ? 10 : WINDOW_PAGES);
    if (below(2))
        end = (u32)ALIGN_UP(end + odd, LARGE_PAGES) - odd;
    *n = MIN(end, WINDOW_PAGES) - *first;
}

static unsigned random_prot(void)
{
    static const unsigned choices[] = {UVM_R, RW, RW, RW, RW, 0};

    return choices[below(ARRAY_SIZE(choices))];
}

static void op_map(struct space *s, u32 first, u32 n)
{
    unsigned flags = below(4) ? 0 : UVM_NOHUGE;
    unsigned prot = random_prot();
    vaddr_t va = va_of(first);

    assert_int_equal(uvm_map(s->uvm, &va, n * PAGE_SIZE, prot, flags | UVM_FIXED, NULL, 0), 0);
    for (u32 i = 0; i < n; i++)
        s->page[first + i] = (struct mpage){.mapped = true, .prot = (u8)prot, .flags = (u16)flags};
}

static void op_unmap(struct space *s, u32 first, u32 n)
{
    assert_int_equal(uvm_unmap(s->uvm, va_of(first), n * PAGE_SIZE), 0);
    memset(&s->page[first], 0, n * sizeof(s->page[0]));
}

static void op_protect(struct space *s, u32 first, u32 n)
{
    unsigned prot = random_prot();
    u32 i = first;

    for (; i < first + n && s->page[i].mapped; i++)
        s->page[i].prot = (u8)prot;
    assert_int_equal(uvm_protect(s->uvm, va_of(first), n * PAGE_SIZE, prot),
                     i < first + n ? -ENOMEM : 0);
}

static void op_discard(struct space *s, u32 first, u32 n)
{
    int want = 0;

    for (u32 i = first; i < first + n; i++) {
        if (!s->page[i].mapped)
            want = -ENOMEM;
        s->page[i].word = 0;
    }
    assert_int_equal(uvm_discard(s->uvm, va_of(first), n * PAGE_SIZE, 0), want);
}

static bool is_one_region(const struct space *s, u32 first, u32 n)
{
    const struct mpage *a = &s->page[first];

    for (u32 i = 0; i < n; i++)
        if (!a[i].mapped || a[i].prot != a->prot || a[i].flags != a->flags)
            return false;
    return true;
}

static void op_move(struct space *s, u32 first, u32 n)
{
    u32 to = below(WINDOW_PAGES);
    vaddr_t out;

    if (below(2))
        to = to / LARGE_PAGES * LARGE_PAGES + first % LARGE_PAGES;
    if (to + n > WINDOW_PAGES || (to < first + n && first < to + n) || !is_one_region(s, first, n))
        return;
    assert_int_equal(move(s->uvm, va_of(first), n * PAGE_SIZE, va_of(to), &out), 0);
    memcpy(&s->page[to], &s->page[first], n * sizeof(s->page[0]));
    memset(&s->page[first], 0, n * sizeof(s->page[0]));
}

static void op_fork(struct space *s)
{
    struct space *child = &spaces[below(SPACES)];
    struct uvm *copy;

    if (child == s)
        return;
    if (child->uvm)
        uvm_put(child->uvm);
    assert_int_equal(uvm_fork(s->uvm, &copy), 0);
    *child = *s;
    child->uvm = copy;
}

static void op_touch(struct space *s, u32 i)
{
    unsigned access = below(2) ? UVM_R : UVM_W;
    struct mpage *m = &s->page[i];
    paddr_t pa = 0;
    int want = !m->mapped ? -EFAULT : may(m, access) ? 0 : -EACCES;

    assert_int_equal(user_access(s->uvm, va_of(i) + 8, access, &pa), want);
    if (want)
        return;
    u64 *word = phys_to_virt(pa);
    assert_int_equal(*word, m->word);
    if (access == UVM_W)
        *word = m->word = host_random(&rng);
}

static void op_copy(struct space *s, u32 i)
{
    struct mpage *m = &s->page[i];
    u64 word = host_random(&rng);
    bool good = may(m, UVM_W);

    assert_int_equal(uvm_copyout(s->uvm, va_of(i) + 8, &word, sizeof(word)), good ? 0 : -EFAULT);
    if (good)
        m->word = word;
}

static void operate_on(struct space *s)
{
    u32 first, n;

    pick_range(&first, &n);
    switch (below(32)) {
    case 0 ... 3:
        op_map(s, first, n);
        break;
    case 4:
        op_unmap(s, first, n);
        break;
    case 5 ... 7:
        op_protect(s, first, n);
        break;
    case 8:
        op_discard(s, first, n);
        break;
    case 9 ... 10:
        op_move(s, first, n);
        break;
    case 11:
        op_fork(s);
        break;
    case 12 ... 20:
        op_copy(s, first + below(n));
        break;
    default:
        op_touch(s, first + below(n));
        break;
    }
}

/* As the only holder of the space, which takes no locks, or as one thread of two. */
static void operate(void)
{
    struct space *s = &spaces[below(SPACES)];

    if (!s->uvm)
        return;
    uvm_holder_begin(below(2) ? s->uvm : NULL);
    operate_on(s);
    uvm_holder_end();
}

static void test_random(void **state)
{
    (void)state;
    rng = host_seed();
    memset(spaces, 0, sizeof(spaces));
    spaces[0].uvm = uvm_create();
    for (u32 i = 0; i < OPERATIONS; i++) {
        operate();
        if (i % 16 == 0)
            compare_tables();
        if (i % 1000 == 0)
            compare_contents();
    }
    assert_true(large_seen > OPERATIONS / 16);
    for (int k = 0; k < SPACES; k++)
        if (spaces[k].uvm)
            uvm_put(spaces[k].uvm);
}

static int boot(void **state)
{
    (void)state;
    mm_machine_boot(128 * MiB);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_one_fault_for_2_mib),
        CASE(test_where_none_comes),
        CASE(test_modes),
        CASE(test_memory_short),
        CASE(test_blocks_come_back),
        CASE(test_unmap_inside),
        CASE(test_unmap_exactly),
        CASE(test_protect_inside),
        CASE(test_protect_exactly),
        CASE(test_discard_inside),
        CASE(test_move),
        CASE(test_fork_shares),
        CASE(test_fork_and_back),
        CASE(test_fork_and_protect),
        CASE(test_fork_of_threads),
        CASE(test_race_of_two_large),
        CASE(test_race_with_a_small_one),
        CASE(test_no_memory),
        CASE(test_random),
    };
    return cmocka_run_group_tests(tests, boot, NULL);
}
