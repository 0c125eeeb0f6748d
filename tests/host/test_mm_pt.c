/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c
// sources: tests/host/no_sleep.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c kernel/base/percpu.c kernel/base/spinlock.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/string_extra.c
// sources: lib/string_page.c lib/num.c
/*
 * Page tables on the software MMU: random operations against a map with one entry per page, on trees of
 * three, four and five levels; superpages and their splitting in a kernel table; copying
 * and moving; running out of memory at every single allocation.
 */
#include "../../mm/pt_impl.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include "softmmu.h"
#include <lib/errno.h>
#include <lib/fmt.h>
#include <mm/failalloc.h>
#include <mm/page.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define OPERATIONS   100000
#define COMPARE_EACH 500

/* The window of addresses that random operations work on: it straddles table boundaries. */
#define WINDOW_PAGES 1536u
#define WINDOW_BASE  (4 * GiB - 700 * PAGE_SIZE)

/* What the page at WINDOW_BASE + i * PAGE_SIZE should map. */
struct model {
    pfn_t pfn; /* 0: nothing */
    prot_t prot;
};

static struct model model[WINDOW_PAGES];
static struct pt pt;
static u64 rng;

static u32 below(u32 n)
{
    return (u32)(host_random(&rng) % n);
}

static vaddr_t va_of(u32 i)
{
    return WINDOW_BASE + i * PAGE_SIZE;
}

static prot_t random_prot(void)
{
    static const prot_t choices[] = {PROT_R, PROT_R | PROT_W, PROT_R | PROT_X, PROT_X, 0};

    return PROT_U | choices[below(ARRAY_SIZE(choices))];
}

/* Touches pages through the caches, so that they have something to forget. */
static void touch(u32 first, u32 n)
{
    paddr_t pa;

    for (u32 i = first; i < first + n; i++)
        softmmu_access(&pt.space, va_of(i), PROT_U | PROT_R, &pa);
}

/* One page through the MMU must be what the model says. */
static void compare_page(u32 i)
{
    static const prot_t rights[] = {PROT_R, PROT_W, PROT_X};
    paddr_t pa = 0;

    for (size_t k = 0; k < ARRAY_SIZE(rights); k++) {
        enum softmmu_result rc = softmmu_access(&pt.space, va_of(i), PROT_U | rights[k], &pa);
        if (rc == SOFTMMU_SPURIOUS) {
            mmu_fix_spurious(va_of(i));
            rc = softmmu_access(&pt.space, va_of(i), PROT_U | rights[k], &pa);
        }
        bool want = model[i].pfn && (model[i].prot & rights[k]);
        assert_int_equal(rc, want ? SOFTMMU_OK : SOFTMMU_FAULT);
        if (want)
            assert_int_equal(pa >> PAGE_SHIFT, model[i].pfn);
    }
}

struct counter {
    struct pt_visitor visitor;
    u32 leaves, tables;
    bool kernel;
};

static int count_leaf(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    struct counter *c = container_of(v, struct counter, visitor);
    u32 i = (u32)((va - WINDOW_BASE) / PAGE_SIZE);

    assert_int_equal(level, 0);
    assert_true(i < WINDOW_PAGES);
    assert_int_equal(mmu_pfn(pte), model[i].pfn);
    assert_int_equal(mmu_prot(pte), model[i].prot);
    c->leaves++;
    return 0;
}

static int count_table(struct pt_visitor *v, vaddr_t va, unsigned level, const pte_t *slot)
{
    struct counter *c = container_of(v, struct counter, visitor);
    const struct page *page = pfn_to_page(mmu_pfn(mmu_load(slot)));

    (void)va, (void)level;
    assert_int_equal(page->kind, PAGE_TABLE);
    assert_true(table_knows_parent(slot));
    if (!c->kernel)
        assert_true(page->count[0] > 0); /* an empty one would have been reclaimed */
    c->tables++;
    return 0;
}

static void compare_all(void)
{
    struct counter c = {.visitor = {.leaf = count_leaf, .table = count_table}};
    u32 wanted = 0;

    softmmu_check(&pt.space);
    for (u32 i = 0; i < WINDOW_PAGES; i++) {
        wanted += model[i].pfn != 0;
        compare_page(i);
    }
    assert_int_equal(pt_visit(&pt, 0, MMU_ENTRIES - 1, &c.visitor), 0);
    assert_int_equal(c.leaves, wanted);
    assert_int_equal(c.tables + 1, pt.tables);
}

/* --- random operations ------------------------------------------------------------------------ */

static bool is_free(u32 first, u32 n)
{
    for (u32 i = first; i < first + n; i++)
        if (model[i].pfn)
            return false;
    return true;
}

/* One page by way of its slot, as a fault does it. */
static void op_fill(u32 i)
{
    struct mmu_flush fl;
    struct page *page = page_alloc(0, 0, PAGE_ANON);

    assert_non_null(page);
    mmu_flush_begin(&fl, &pt.space);
    pte_t *slot = pt_slot_alloc(&pt, &fl, va_of(i));
    assert_non_null(slot);
    assert_ptr_equal(slot, pt_slot(&pt, va_of(i)));
    model[i] = (struct model){page_to_pfn(page), random_prot()};
    pt_fill(&fl, slot, mmu_leaf(model[i].pfn, model[i].prot, 0), va_of(i));
    mmu_flush_end(&fl);
}

static void op_map(u32 first, u32 n)
{
    static struct page *pages[WINDOW_PAGES];
    struct mmu_flush fl;
    prot_t prot = random_prot();

    if (!is_free(first, n)) {
        if (!model[first].pfn)
            op_fill(first);
        return;
    }
    for (u32 i = 0; i < n; i++) {
        pages[i] = page_alloc(0, 0, PAGE_ANON);
        assert_non_null(pages[i]);
        model[first + i] = (struct model){page_to_pfn(pages[i]), prot};
    }
    mmu_flush_begin(&fl, &pt.space);
    assert_int_equal(pt_map_pages(&pt, &fl, va_of(first), pages, n, prot), 0);
    mmu_flush_end(&fl);
}

static void op_unmap(u32 first, u32 n)
{
    struct pt_gather g;
    u32 wanted = 0;

    for (u32 i = first; i < first + n; i++) {
        wanted += model[i].pfn != 0;
        model[i] = (struct model){0};
    }
    pt_gather_begin(&g, &pt);
    assert_int_equal(pt_unmap(&g, va_of(first), va_of(first + n), PT_PUT_FRAMES), wanted);
    pt_gather_end(&g);
}

static void op_protect(u32 first, u32 n)
{
    struct mmu_flush fl;
    prot_t prot = random_prot();

    mmu_flush_begin(&fl, &pt.space);
    pt_protect(&pt, &fl, va_of(first), va_of(first + n), prot, prot);
    mmu_flush_end(&fl);
    for (u32 i = first; i < first + n; i++)
        if (model[i].pfn)
            model[i].prot = prot;
}

static void op_move(u32 first, u32 n)
{
    struct pt_gather g;
    u32 to = below(WINDOW_PAGES - n);

    if ((to < first + n && first < to + n) || !is_free(to, n))
        return;
    pt_gather_begin(&g, &pt);
    assert_int_equal(pt_move(&g, va_of(first), va_of(to), n * PAGE_SIZE), 0);
    pt_gather_end(&g);
    memcpy(&model[to], &model[first], n * sizeof(model[0]));
    memset(&model[first], 0, n * sizeof(model[0]));
}

static void operate(void)
{
    u32 n = 1 + (below(8) ? below(24) : below(700));
    u32 first = below(WINDOW_PAGES - n);

    touch(first, MIN(n, 8u));
    switch (below(9)) {
    case 0:
    case 1:
        op_map(first, n);
        break;
    case 2:
        if (!model[first].pfn)
            op_fill(first);
        break;
    case 3:
    case 4:
    case 5:
        op_unmap(first, n);
        break;
    case 6:
    case 7:
        op_protect(first, n);
        break;
    default:
        op_move(first, n);
        break;
    }
    compare_page(first);
    compare_page(below(WINDOW_PAGES));
}

static void random_operations(unsigned levels, u32 operations)
{
    u64 before = mm_machine_free_pages();

    softmmu_reset(levels);
    rng = host_seed();
    memset(model, 0, sizeof(model));
    assert_int_equal(pt_init(&pt), 0);
    for (u32 i = 0; i < operations; i++) {
        operate();
        if (i % COMPARE_EACH == 0)
            compare_all();
    }
    op_unmap(0, WINDOW_PAGES);
    compare_all();
    assert_int_equal(pt.tables, 1); /* every other table was reclaimed */
    pt_retire(&pt);
    pt_destroy(&pt);
    assert_int_equal(mm_machine_free_pages(), before);
}

static void test_random_3_levels(void **state)
{
    (void)state;
    random_operations(3, OPERATIONS);
}

static void test_random_4_levels(void **state)
{
    (void)state;
    random_operations(4, OPERATIONS / 10);
}

static void test_random_5_levels(void **state)
{
    (void)state;
    random_operations(5, OPERATIONS / 10);
}

/* --- superpages ------------------------------------------------------------------------------- */

#define BIG_BASE 0xffffffc000000000ul
#define BIG_SIZE (3 * GiB)
#define BIG_PFN  (4 * GiB >> PAGE_SHIFT) /* no RAM: only numbers here */

static void kernel_table(struct pt *k)
{
    softmmu_reset(3);
    struct page *root = page_alloc(0, PA_ZERO, PAGE_TABLE);
    *k = (struct pt){.root = page_to_virt(root), .tables = 1, .kernel = true};
    mmu_space_init(&k->space, k->root, true);
}

static u32 tables_below(struct pt *k)
{
    struct counter c = {.visitor = {.table = count_table}, .kernel = true};

    pt_visit(k, 0, MMU_ENTRIES - 1, &c.visitor);
    return c.tables;
}

static void assert_maps(struct pt *k, vaddr_t va, pfn_t pfn, unsigned level, prot_t prot)
{
    unsigned at;
    pte_t pte = pt_lookup(k, va, &at);

    assert_int_equal(mmu_kind(pte), MMU_LEAF);
    assert_int_equal(at, level);
    assert_int_equal(mmu_pfn(pte) + ((va % pt_entry_size(at)) >> PAGE_SHIFT), pfn);
    assert_int_equal(mmu_prot(pte), prot);
}

static void map_big(struct pt *k, vaddr_t va, pfn_t pfn, size_t size)
{
    struct mmu_flush fl;

    mmu_flush_begin(&fl, &k->space);
    assert_int_equal(pt_map(k, &fl, va, pfn, size, PROT_R | PROT_W), 0);
    mmu_flush_end(&fl);
}

static void test_superpages(void **state)
{
    const prot_t rw = PROT_R | PROT_W;
    struct pt k;

    (void)state;
    kernel_table(&k);
    /* 4 KiB leaves up to 2 MiB, 2 MiB ones up to 1 GiB, then 1 GiB, and back down again */
    size_t head = 1 * GiB - 4 * MiB - 8 * KiB;
    map_big(&k, BIG_BASE + head, BIG_PFN + (head >> PAGE_SHIFT), 2 * GiB);
    pfn_t at = BIG_PFN + (head >> PAGE_SHIFT);
    assert_maps(&k, BIG_BASE + head, at, 0, rw);
    assert_maps(&k, BIG_BASE + head + 8 * KiB, at + 2, 1, rw);
    assert_maps(&k, BIG_BASE + GiB, BIG_PFN + (GiB >> PAGE_SHIFT), 2, rw);
    assert_maps(&k, BIG_BASE + head + 2 * GiB - PAGE_SIZE, at + (2 * GiB >> PAGE_SHIFT) - 1, 0, rw);
    assert_int_equal(mmu_kind(pt_lookup(&k, BIG_BASE + head - 1, NULL)), MMU_EMPTY);
    assert_int_equal(mmu_kind(pt_lookup(&k, BIG_BASE + head + 2 * GiB, NULL)), MMU_EMPTY);
    assert_int_equal(tables_below(&k) + 1, k.tables);
}

/* Physical addresses that do not lie to large leaves as the virtual ones do get small leaves. */
static void test_misaligned(void **state)
{
    struct pt k;

    (void)state;
    kernel_table(&k);
    map_big(&k, BIG_BASE, BIG_PFN + 1, 8 * MiB);
    for (size_t off = 0; off < 8 * MiB; off += PAGE_SIZE)
        assert_maps(&k, BIG_BASE + off, BIG_PFN + 1 + (off >> PAGE_SHIFT), 0, PROT_R | PROT_W);
}

static void test_split_and_protect(void **state)
{
    struct mmu_flush fl;
    struct pt k;
    paddr_t pa;

    (void)state;
    kernel_table(&k);
    map_big(&k, BIG_BASE, BIG_PFN, BIG_SIZE);
    vaddr_t from = BIG_BASE + GiB + 5 * MiB + 4 * KiB, to = from + 2 * MiB;
    for (vaddr_t va = from - PAGE_SIZE; va <= to; va += PAGE_SIZE)
        softmmu_access(&k.space, va, PROT_R, &pa);
    mmu_flush_begin(&fl, &k.space);
    assert_int_equal(pt_split(&k, &fl, from), 0);
    assert_int_equal(pt_split(&k, &fl, to), 0);
    pt_protect(&k, &fl, from, to, PROT_R, PROT_R);
    mmu_flush_end(&fl);
    softmmu_check(&k.space);
    for (vaddr_t va = BIG_BASE; va < BIG_BASE + BIG_SIZE; va += PAGE_SIZE * 7) {
        unsigned level;
        pte_t pte = pt_lookup(&k, va, &level);
        assert_maps(&k, va, BIG_PFN + ((va - BIG_BASE) >> PAGE_SHIFT), level,
                    va >= from && va < to ? PROT_R : PROT_R | PROT_W);
        assert_int_equal(mmu_kind(pte), MMU_LEAF);
    }
    assert_maps(&k, BIG_BASE, BIG_PFN, 2, PROT_R | PROT_W); /* no more was split than had to be */
    assert_maps(&k, BIG_BASE + GiB, BIG_PFN + (GiB >> PAGE_SHIFT), 1, PROT_R | PROT_W);
    assert_int_equal(tables_below(&k) + 1, k.tables);
}

static void test_kernel_unmap(void **state)
{
    struct pt_gather g;
    struct pt k;

    (void)state;
    kernel_table(&k);
    map_big(&k, BIG_BASE, BIG_PFN, 4 * MiB);
    pt_gather_begin(&g, &k);
    assert_int_equal(pt_split(&k, &g.flush, BIG_BASE + PAGE_SIZE), 0);
    assert_int_equal(pt_unmap(&g, BIG_BASE + PAGE_SIZE, BIG_BASE + 4 * MiB, PT_KEEP_FRAMES), 1023);
    pt_gather_end(&g);
    softmmu_check(&k.space);
    assert_maps(&k, BIG_BASE, BIG_PFN, 0, PROT_R | PROT_W);
    assert_int_equal(mmu_kind(pt_lookup(&k, BIG_BASE + PAGE_SIZE, NULL)), MMU_EMPTY);
    assert_int_equal(mmu_kind(pt_lookup(&k, BIG_BASE + 2 * MiB, NULL)), MMU_EMPTY);
}

/* The last page of the address space: ends wrap to 0 there. */
static void test_top(void **state)
{
    struct pt_gather g;
    struct pt k;

    (void)state;
    kernel_table(&k);
    map_big(&k, 0ul - 2 * PAGE_SIZE, BIG_PFN, 2 * PAGE_SIZE);
    assert_maps(&k, 0ul - PAGE_SIZE, BIG_PFN + 1, 0, PROT_R | PROT_W);
    pt_gather_begin(&g, &k);
    assert_int_equal(pt_unmap(&g, 0ul - PAGE_SIZE, 0, PT_KEEP_FRAMES), 1);
    pt_gather_end(&g);
    assert_maps(&k, 0ul - 2 * PAGE_SIZE, BIG_PFN, 0, PROT_R | PROT_W);
}

/* A mapping over another is a bug of the caller's. */
static void test_double_map(void **state)
{
    struct mmu_flush fl;
    struct pt k;

    (void)state;
    kernel_table(&k);
    map_big(&k, BIG_BASE, BIG_PFN, 2 * MiB);
    mmu_flush_begin(&fl, &k.space);
    assert_true(host_panics((void)pt_map(&k, &fl, BIG_BASE, BIG_PFN, 2 * MiB, PROT_R)));
    assert_true(host_panics((void)pt_map(&k, &fl, BIG_BASE, BIG_PFN, PAGE_SIZE, PROT_R)));
}

/* --- copying, failing, printing ---------------------------------------------------------------- */

static void make_user(struct pt *p)
{
    softmmu_reset(3);
    memset(model, 0, sizeof(model));
    assert_int_equal(pt_init(p), 0);
}

static void drop_user(struct pt *p)
{
    struct pt_gather g;

    pt_retire(p);
    pt_gather_begin(&g, p);
    pt_unmap(&g, 0, USER_TOP, PT_PUT_FRAMES);
    pt_gather_end(&g);
    pt_destroy(p);
}

static void test_copy(void **state)
{
    u64 before = mm_machine_free_pages();
    struct mmu_flush fl;
    struct pt child;
    size_t pages = 0;

    (void)state;
    make_user(&pt);
    for (u32 i = 0; i < WINDOW_PAGES; i += 1 + i % 5)
        op_fill(i);
    touch(0, WINDOW_PAGES);
    assert_int_equal(pt_init(&child), 0);
    mmu_flush_begin(&fl, &pt.space);
    assert_int_equal(pt_copy(&child, &pt, &fl, va_of(10), va_of(1200), true, &pages), 0);
    mmu_flush_end(&fl);
    softmmu_check(&pt.space);
    for (u32 i = 0; i < WINDOW_PAGES; i++) {
        bool copied = model[i].pfn && i >= 10 && i < 1200;
        pte_t pte = pt_lookup(&child, va_of(i), NULL);
        assert_int_equal(mmu_kind(pte), copied ? MMU_LEAF : MMU_EMPTY);
        if (!copied)
            continue;
        pages--;
        model[i].prot &= ~PROT_W;
        assert_int_equal(pte.bits, pt_lookup(&pt, va_of(i), NULL).bits);
        assert_int_equal(page_ref(pfn_to_page(model[i].pfn)), 2);
    }
    assert_int_equal(pages, 0);
    compare_all();
    drop_user(&child);
    drop_user(&pt);
    assert_int_equal(mm_machine_free_pages(), before);
}

/* Whichever allocation fails, nothing has changed and nothing is lost. */
static void test_no_memory(void **state)
{
    u64 before = mm_machine_free_pages();
    static struct page *pages[600];
    struct mmu_flush fl;
    struct pt_gather g;
    int err = -ENOMEM;

    (void)state;
    make_user(&pt);
    for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
        pages[i] = page_alloc(0, 0, PAGE_ANON);
    for (u32 k = 1; err; k++) {
        mmu_flush_begin(&fl, &pt.space);
        failalloc_arm(k);
        err = pt_map_pages(&pt, &fl, va_of(0), pages, ARRAY_SIZE(pages), PROT_U | PROT_R);
        failalloc_arm(0);
        mmu_flush_end(&fl);
        if (err) {
            assert_int_equal(err, -ENOMEM);
            assert_int_equal(pt.tables, 1);
            compare_all();
        }
        assert_true(k < 10);
    }
    for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
        model[i] = (struct model){page_to_pfn(pages[i]), PROT_U | PROT_R};
    compare_all();
    err = -ENOMEM;
    for (u32 k = 1; err; k++) {
        pt_gather_begin(&g, &pt);
        failalloc_arm(k);
        err = pt_move(&g, va_of(0), va_of(0) + 64 * GiB, sizeof(pages) / 8 * PAGE_SIZE);
        failalloc_arm(0);
        pt_gather_end(&g);
        if (err)
            compare_all();
    }
    drop_user(&pt);
    assert_int_equal(mm_machine_free_pages(), before);
}

static char dumped[4096];

static void dump_put(struct fmt_sink *sink, const char *text, size_t n)
{
    (void)sink;
    strncat(dumped, text, MIN(n, sizeof(dumped) - strlen(dumped) - 1));
}

static void test_dump(void **state)
{
    struct fmt_sink sink = {.put = dump_put};
    struct pt k;

    (void)state;
    kernel_table(&k);
    map_big(&k, BIG_BASE, BIG_PFN, GiB + 2 * MiB);
    map_big(&k, BIG_BASE + GiB + 2 * MiB, BIG_PFN + 7, 3 * PAGE_SIZE);
    map_big(&k, BIG_BASE + GiB + 2 * MiB + 3 * PAGE_SIZE, BIG_PFN + 99, PAGE_SIZE);
    dumped[0] = 0;
    pt_dump(&k, 0, MMU_ENTRIES - 1, &sink);
    assert_non_null(strstr(dumped, "ffffffc000000000-ffffffc03fffffff rw---     1G by 1G"));
    assert_non_null(strstr(dumped, "  ffffffc040000000-ffffffc0401fffff rw---     2M by 2M"));
    assert_non_null(strstr(dumped, "    ffffffc040200000-ffffffc040203fff rw---    16K by 4K"));
    assert_non_null(strstr(dumped, "scattered"));
}

static int setup(void **state)
{
    (void)state;
    mm_machine_boot(64 * MiB);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_superpages),
        cmocka_unit_test(test_misaligned),
        cmocka_unit_test(test_split_and_protect),
        cmocka_unit_test(test_kernel_unmap),
        cmocka_unit_test(test_top),
        cmocka_unit_test(test_double_map),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_random_3_levels),
        cmocka_unit_test(test_random_4_levels),
        cmocka_unit_test(test_random_5_levels),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
