/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/physmachine.c tests/host/host_slab.c
// sources: mm/region_scan.c mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c
// sources: mm/failalloc.c mm/kmalloc.c mm/stress.c kernel/base/spinlock.c kernel/base/percpu.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/string_extra.c
// sources: lib/string_page.c lib/num.c
/*
 * The page allocator: 10^6 random operations on several layouts of RAM against a model that knows the
 * owner of each frame; free + used = total after each of them; all misuse; concurrency.
 */
#include "hostmachine.h"
#include "physmachine.h"
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/drain.h>
#include <mm/page.h>
#include <mm/region.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdarg.h>
#include <stddef.h>

#define OPERATIONS 1000000
#define CPUS       3

static const struct phys_layout layouts[] = {
    {"one bank", {{0x80000000, 64 * MiB}}},
    {"tiny", {{0x80000000, 12 * MiB}}},
    {"at zero, ragged", {{0x800, 9 * MiB + 0x5321}}},
    {"two banks in one GiB", {{0x80000000, 20 * MiB}, {0x90301000, 11 * MiB}}},
    {"far banks, two zones", {{0x80000000, 16 * MiB}, {0x1040000000, 33 * MiB}}},
    {"across 4 GiB", {{0xff000000, 32 * MiB}, {0x40000000, 5 * MiB}}},
};

static u64 seed;

static u64 below(u64 n)
{
    return host_random(&seed) % n;
}

static void assert_good(const char *why)
{
    if (why)
        fail_msg("%s", why);
}

/* --- the model --------------------------------------------------------------------------------- */

#define SLOTS 4096

struct block {
    struct page *page;
    pfn_t pfn;
    unsigned order, refs;
    enum page_kind kind;
};

/* Blocks in use, and for each frame whether it is; the layouts use no two GiB that fold to one. */
static struct block blocks[SLOTS];
static u8 taken[8][GiB / PAGE_SIZE];
static u64 model_used[PAGE_KINDS];
static u64 model_pages;

static u8 *model_frame(pfn_t pfn)
{
    return &taken[pfn * PAGE_SIZE / GiB % 8][pfn * PAGE_SIZE % GiB / PAGE_SIZE];
}

static void model_reset(void)
{
    memset(blocks, 0, sizeof(blocks));
    memset(taken, 0, sizeof(taken));
    memset(model_used, 0, sizeof(model_used));
    model_pages = 0;
}

static void model_take(const struct block *b)
{
    for (pfn_t pfn = b->pfn; pfn < b->pfn + BIT(b->order); pfn++) {
        assert_int_equal(*model_frame(pfn), 0);
        *model_frame(pfn) = 1;
    }
    model_used[b->kind] += BIT(b->order);
    model_pages += BIT(b->order);
}

static void model_drop(const struct block *b)
{
    for (pfn_t pfn = b->pfn; pfn < b->pfn + BIT(b->order); pfn++)
        *model_frame(pfn) = 0;
    model_used[b->kind] -= BIT(b->order);
    model_pages -= BIT(b->order);
}

/* --- random operations --------------------------------------------------------------------------- */

static unsigned random_order(void)
{
    u64 r = below(1000);
    return r < 850 ? 0 : r < 990 ? 1 + (unsigned)below(4) : (unsigned)below(PAGE_ORDERS);
}

static void do_alloc(struct block *b)
{
    unsigned order = random_order();
    bool inline_path = !order && below(2);
    unsigned flags = (below(16) ? 0 : PA_ZERO) | (below(16) || inline_path ? 0 : PA_LOW);
    enum page_kind kind = PAGE_KERNEL + below(PAGE_PIPE - PAGE_KERNEL + 1);
    struct page *p =
        inline_path ? page_alloc(0, flags & PA_ZERO, kind) : page_alloc(order, flags, kind);

    if (!p)
        return;
    *b = (struct block){p, page_to_pfn(p), order, 1, kind};
    assert_ptr_equal(pfn_to_page(b->pfn), p);
    assert_int_equal(b->pfn & (BIT(order) - 1), 0);
    assert_true(!(flags & PA_LOW) || b->pfn < ZONE_HIGH_PFN);
    assert_string_equal(region_reason(b->pfn << PAGE_SHIFT), "free");
    assert_true(page_ref(p) == 1 && p->order == order && p->kind == kind && !p->flags && !p->owner);
    if (flags & PA_ZERO)
        assert_null(mem_find_not(page_to_virt(p), 0, PAGE_SIZE << order));
    model_take(b);
    memset(page_to_virt(p), (int)b->pfn, 64);
    p->owner = b;
    p->flags = PAGE_F_DIRTY;
}

static void do_free(struct block *b)
{
    assert_ptr_equal(b->page->owner, b);
    assert_int_equal(*(u8 *)page_to_virt(b->page), (u8)b->pfn);
    if (b->refs > 1) {
        assert_false(page_put(b->page));
        b->refs--;
        return;
    }
    model_drop(b);
    if (below(4))
        page_free(b->page, b->order);
    else
        assert_true(page_put(b->page));
    b->page = NULL;
}

/* A reference more, another kind, or single pages out of a block. */
static void do_change(struct block *b)
{
    switch (below(3)) {
    case 0:
        page_get(b->page);
        assert_int_equal(page_ref(b->page), ++b->refs);
        return;
    case 1:
        model_drop(b);
        b->kind = PAGE_ANON;
        page_set_kind(b->page, b->kind);
        model_take(b);
        return;
    default:
        if (b->refs > 1 || b->order == 0 || b->order > 4)
            return;
        page_split(b->page, b->order);
        model_drop(b);
        for (pfn_t i = 1; i < BIT(b->order); i++)
            page_free(b->page + i, 0);
        b->order = 0;
        model_take(b);
    }
}

/* What must hold after every operation, in constant time. */
static void check_account(const struct page_stats *before)
{
    struct page_stats now;

    page_stats(&now);
    assert_int_equal(now.total, before->total);
    assert_int_equal(now.free + model_pages, now.total);
    for (unsigned kind = 0; kind < PAGE_KINDS; kind++)
        assert_int_equal(now.used[kind], model_used[kind]);
}

static void check_everything(void)
{
    assert_good(page_check());
    for (struct block *b = blocks; b < blocks + SLOTS; b++)
        if (b->page)
            assert_true(b->page->order == b->order && page_ref(b->page) == b->refs);
}

/* One operation on a random slot; false: the phase wants no such operation. */
static bool random_operation(u64 growth)
{
    struct block *b = &blocks[below(SLOTS)];

    host_set_cpu((u32)below(CPUS));
    if (b->page && !below(8))
        do_change(b);
    else if (b->page && below(100) >= growth / 2)
        do_free(b);
    else if (!b->page && below(100) < growth)
        do_alloc(b);
    else
        return false;
    return true;
}

/* Phases of growth and of decline, so that memory runs full and empty. */
static void random_operations(u64 count, const struct page_stats *before)
{
    u64 growth = 50;

    for (u64 i = 0; i < count;) {
        if (i % 8192 == 0)
            growth = 10 + below(90);
        if (!random_operation(growth))
            continue;
        check_account(before);
        if (++i % 5000 == 0)
            check_everything();
    }
}

static void free_all(void)
{
    for (struct block *b = blocks; b < blocks + SLOTS; b++)
        while (b->page)
            do_free(b);
}

static void assert_same_blocks(const struct page_stats *a, const struct page_stats *b)
{
    for (unsigned z = 0; z < PAGE_ZONES; z++)
        for (unsigned order = 0; order < PAGE_ORDERS; order++)
            assert_int_equal(a->zone[z].blocks[order], b->zone[z].blocks[order]);
}

static void test_random(void **state)
{
    (void)state;
    seed = host_seed();
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        struct page_stats before, after;
        phys_boot(&layouts[i]);
        model_reset();
        page_stats(&before);
        assert_good(page_check());
        assert_int_equal(
            before.total + before.held,
            (region_total(REGION_FREE) + region_total(REGION_HELD) + region_total(REGION_NOMAP)) /
                PAGE_SIZE);
        random_operations(OPERATIONS / ARRAY_SIZE(layouts) + 1, &before);
        free_all();
        phys_drain(CPUS);
        check_everything();
        page_stats(&after);
        assert_int_equal(after.free, before.total);
        assert_same_blocks(&before, &after);
    }
}

/* --- layouts --------------------------------------------------------------------------------------- */

/* Every frame that the map calls free is given out, once, and no other. */
static void test_every_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        phys_boot(&layouts[i]);
        model_reset();
        u64 total = page_free_count(), got = 0;
        assert_int_equal(total, region_total(REGION_FREE) / PAGE_SIZE);
        struct page *chain = NULL, *p;
        while ((p = page_alloc(0, 0, PAGE_ANON))) {
            struct block b = {p, page_to_pfn(p), 0, 1, PAGE_ANON};
            assert_string_equal(region_reason(b.pfn << PAGE_SHIFT), "free");
            model_take(&b);
            p->owner = chain;
            chain = p;
            got++;
        }
        assert_int_equal(got, total);
        assert_int_equal(page_free_count(), 0);
        assert_null(page_alloc(3, 0, PAGE_ANON));
        assert_good(page_check());
        while ((p = chain)) {
            chain = p->owner;
            page_free(p, 0);
        }
        assert_int_equal(page_free_count(), total);
    }
}

static void test_zones(void **state)
{
    (void)state;
    phys_boot(&layouts[4]);
    struct page *high = page_alloc(0, 0, PAGE_ANON), *low = page_alloc(0, PA_LOW, PAGE_ANON);
    assert_true(page_to_pfn(high) >= ZONE_HIGH_PFN); /* low memory is kept for those who need it */
    assert_true(page_to_pfn(low) < ZONE_HIGH_PFN);
    struct page *p;
    while ((p = page_alloc(4, PA_LOW, PAGE_ANON)))
        assert_true(page_to_pfn(p) + 15 < ZONE_HIGH_PFN);
    while ((p = page_alloc(0, PA_LOW, PAGE_ANON)))
        assert_true(page_to_pfn(p) < ZONE_HIGH_PFN);
    assert_non_null(page_alloc(0, 0, PAGE_ANON));
    assert_false(pfn_valid(0x100000)); /* between the banks */
    assert_false(pfn_valid(~0ul >> PAGE_SHIFT));
}

/* Start-up must not write the struct pages of groups that nobody has touched. */
static void test_lazy(void **state)
{
    (void)state;
    phys_boot_simple(64);
    struct page *untouched = pfn_to_page(0x83800), copy[BUDDY_GROUP];
    assert_true(untouched->flags & PAGE_F_RAW);
    memcpy(copy, untouched, sizeof(copy));
    for (int i = 0; i < 100; i++)
        assert_non_null(page_alloc(0, 0, PAGE_ANON));
    assert_memory_equal(copy + 1, untouched + 1, sizeof(copy) - sizeof(copy[0]));
    bool noise = false;
    for (size_t i = 1; i < BUDDY_GROUP; i++)
        noise |= copy[i].state != 0;
    assert_true(noise);
}

static void test_release(void **state)
{
    struct page_stats before, after;

    (void)state;
    phys_boot_simple(64);
    page_stats(&before);
    assert_int_equal(page_release(phys_image + 5, phys_image + 8 * PAGE_SIZE + 17), 0);
    page_stats(&after);
    assert_int_equal(after.free, before.free + 7);
    assert_int_equal(after.total, before.total + 7);
    assert_int_equal(after.held, before.held - 7);
    assert_good(page_check());
    assert_int_equal(page_release(phys_image + PAGE_SIZE, phys_image + 2 * PAGE_SIZE), -EINVAL);
    assert_int_equal(page_release(phys_image + PAGE_SIZE, phys_image + PAGE_SIZE + 5), 0);
    assert_int_equal(page_release(0x10000000, 0x10010000), -EINVAL);
    page_stats(&after);
    assert_int_equal(after.total, before.total + 7);
}

/* --- misuse ----------------------------------------------------------------------------------------- */

/* The statement must panic with a text that has all of this in it. */
#define assert_panic(statement, text)                                 \
    do {                                                              \
        assert_true(host_panics(statement));                          \
        if (!strstr(host_panic_text, text))                           \
            fail_msg("panic '%s' lacks '%s'", host_panic_text, text); \
    } while (0)

static char *pfn_text(const struct page *p)
{
    static char text[32];
    snprintf(text, sizeof(text), "pfn 0x%lx", page_to_pfn(p));
    return text;
}

static void test_double_free(void **state)
{
    (void)state;
    phys_boot_simple(64);
    struct page *p = page_alloc(0, 0, PAGE_ANON);
    page_free(p, 0);
    assert_panic(page_free(p, 0), "is free already (free, cached)");
    assert_panic(page_free(p, 0), pfn_text(p));
    assert_panic(page_put(p), "is free already");
    assert_panic(page_get(p), "is free already");

    phys_boot_simple(64);
    p = page_alloc(1, 0, PAGE_ANON);
    page_split(p, 1);
    page_free(p, 0);
    page_free(p + 1, 0);
    phys_drain(1);
    assert_panic(page_free(p + 1, 0), "is inside a block of order");
    struct page *q = page_alloc(5, 0, PAGE_TABLE);
    page_free(q, 5);
    assert_panic(page_free(q, 5), pfn_text(q));
}

static void test_wrong_order(void **state)
{
    (void)state;
    phys_boot_simple(64);
    struct page *p = page_alloc(3, 0, PAGE_FILE);
    assert_panic(page_free(p, 0), "(file) is a block of order 3, not 0");
    assert_panic(page_free(p, 4), "is a block of order 3, not 4");
    assert_panic(page_free(p + 1, 0), "is inside a block of order 3");
    assert_panic(page_free(p + 4, 2), "is inside a block of order 3");
    assert_panic(page_free(p + 4, 2), pfn_text(p + 4));
    assert_panic(page_split(p, 2), "is a block of order 3, not 2");
    page_free(p, 3);
    assert_good(page_check());
}

static void test_foreign(void **state)
{
    static struct page elsewhere;

    (void)state;
    phys_boot_simple(64);
    assert_panic(page_free(phys_to_page(phys_image), 0), "is reserved: kernel");
    assert_panic(page_free(pfn_to_page(0x90000), 0), "is no RAM"); /* same GiB, behind the bank */
    assert_panic(page_free((struct page *)0x400000, 0), "is no RAM");
    assert_panic(page_free(&elsewhere, 0), "is no RAM");
    struct page *p = page_alloc(0, 0, PAGE_ANON);
    assert_panic(page_free((struct page *)((char *)p + 8), 0), "is no RAM");
    assert_panic(page_put(&elsewhere), "is no RAM");
}

static void test_references(void **state)
{
    (void)state;
    phys_boot_simple(64);
    struct page *p = page_alloc(0, 0, PAGE_ANON), *q = page_alloc(2, 0, PAGE_ANON);
    page_get(p);
    assert_panic(page_free(p, 0), "still has 2 references");
    assert_false(page_put(p));
    assert_true(page_put(p));
    page_get(q);
    assert_false(page_put(q));
    assert_true(page_put(q));

    /* Saturation: never freed again, from either side. */
    u64 free = page_free_count();
    p = page_alloc(0, 0, PAGE_ANON);
    p->ref = 0x7fffffff;
    page_get(p);
    page_get(p);
    assert_true(page_ref(p) >= 0x80000000u);
    for (int i = 0; i < 5; i++)
        assert_false(page_put(p));
    page_get(p);
    assert_true(page_ref(p) >= 0x80000000u);
    assert_int_equal(page_free_count(), free - 1);
}

static void test_use_after_free(void **state)
{
    (void)state;
    phys_boot_simple(64);
    struct page *p = page_alloc(0, 0, PAGE_ANON);
    u8 *frame = page_to_virt(p);
    page_free(p, 0);
    frame[1234] = 7;
    assert_panic(page_alloc(0, 0, PAGE_ANON), "was written while free: 0x07 at offset 0x4d2");

    phys_boot_simple(64);
    p = page_alloc(6, 0, PAGE_ANON);
    frame = page_to_virt(p);
    page_free(p, 6);
    frame[40 * PAGE_SIZE] = 7;
    assert_panic(while (page_alloc(0, 0, PAGE_ANON));, "was written while free");
}

/* --- running out ------------------------------------------------------------------------------------ */

static void test_failalloc(void **state)
{
    (void)state;
    phys_boot_simple(64);
    u64 free = page_free_count();
    failalloc_arm(3);
    struct page *a = page_alloc(0, 0, PAGE_ANON), *b = page_alloc(4, 0, PAGE_ANON);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(failalloc_left(), 1);
    assert_null(page_alloc(0, 0, PAGE_ANON));
    assert_int_equal(failalloc_left(), 0);
    assert_true(host_log_has("failalloc: refused 4096 bytes (page)"));
    struct page *c = page_alloc(0, 0, PAGE_ANON);
    assert_non_null(c);

    /* Another thread's count is not touched by this one. */
    host_cpu->current = (struct thread *)0x1000;
    failalloc_arm_thread(1);
    host_cpu->current = (struct thread *)0x2000;
    page_free(c, 0);
    assert_non_null(c = page_alloc(0, 0, PAGE_ANON));
    host_cpu->current = (struct thread *)0x1000;
    assert_null(page_alloc(0, 0, PAGE_ANON));
    host_cpu->current = NULL;
    page_free(a, 0);
    page_free(b, 4);
    page_free(c, 0);
    assert_int_equal(page_free_count(), free);
}

/* A block that only the pages in this cpu's cache can make possible. */
static void test_cache_gives_way(void **state)
{
    (void)state;
    phys_boot_simple(12);
    struct page *chain = NULL, *p;
    while ((p = page_alloc(0, 0, PAGE_ANON))) {
        p->owner = chain;
        chain = p;
    }
    u64 half = page_to_pfn(chain) & ~1ul;
    for (struct page **link = &chain; (p = *link);) {
        if ((page_to_pfn(p) & ~1ul) != half) {
            link = (struct page **)&p->owner;
            continue;
        }
        *link = p->owner;
        page_free(p, 0);
    }
    assert_int_equal(page_free_count(), 2);
    assert_non_null(p = page_alloc(1, 0, PAGE_ANON));
    assert_int_equal(page_to_pfn(p), half);
}

/* --- several cpus at once --------------------------------------------------------------------------- */

static void *stress_thread(void *arg)
{
    u32 cpu = (u32)(size_t)arg;

    host_set_cpu(cpu);
    return (void *)(size_t)(buddy_stress(cpu + 1, 20000) || slab_stress(cpu + 1, 20000));
}

static void test_concurrent(void **state)
{
    pthread_t threads[CPUS];
    struct page_stats before, after;

    (void)state;
    phys_boot_simple(64);
    page_stats(&before);
    for (size_t i = 0; i < CPUS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stress_thread, (void *)i), 0);
    for (size_t i = 0; i < CPUS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    phys_drain(CPUS);
    page_stats(&after);
    assert_int_equal(after.free, before.free);
    assert_same_blocks(&before, &after);
    assert_good(page_check());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_frame),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_lazy),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_double_free),
        cmocka_unit_test(test_wrong_order),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_use_after_free),
        cmocka_unit_test(test_failalloc),
        cmocka_unit_test(test_cache_gives_way),
        cmocka_unit_test(test_concurrent),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests_name("mm buddy", tests, NULL, NULL);
}
