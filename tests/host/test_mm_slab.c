/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/physmachine.c tests/host/host_slab.c
// sources: mm/region_scan.c mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c
// sources: mm/failalloc.c mm/kmalloc.c mm/stress.c kernel/base/spinlock.c kernel/base/percpu.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/string_extra.c
// sources: lib/string_page.c lib/num.c
/*
 * Slab caches and kmalloc: random operations against a model that knows each object's contents, the
 * account after each, all misuse, and that nothing stays behind.
 */
#include "hostmachine.h"
#include "physmachine.h"
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/drain.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdarg.h>
#include <stddef.h>

#define CPUS       3
#define OPERATIONS 1000000
#define SLOTS      2000

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

static struct slab_stats stats_of(const struct slab_cache *c)
{
    struct slab_stats s;

    for (unsigned i = 0; slab_stats(i, &s); i++)
        if (s.name == c->name)
            return s;
    return (struct slab_stats){.name = c->name};
}

/* --- random operations against a model --------------------------------------------------------- */

struct object {
    u8 *memory;
    size_t size;
    struct slab_cache *cache; /* NULL: kmalloc */
    u8 byte;
};

static struct object objects[SLOTS];

static SLAB_CACHE(cache_tiny, "test tiny", 1, 1);
static SLAB_CACHE(cache_odd, "test odd", 57, 8);
static SLAB_CACHE(cache_line, "test line", 100, 64);
static SLAB_CACHE(cache_half, "test half", 520, 16);
static SLAB_CACHE(cache_off, "test off", 1016, 8); /* its slabs' headers lie elsewhere */
static SLAB_CACHE(cache_max, "test max", 2048, 8);
static struct slab_cache cache_late;

static struct slab_cache *const caches[] = {&cache_tiny, &cache_odd, &cache_line, &cache_half,
                                            &cache_off,  &cache_max, &cache_late};

static size_t cache_align(const struct slab_cache *c)
{
    return c == &cache_line ? 64 : c == &cache_half ? 16 : 8;
}

static void overlap_check(const struct object *o)
{
    for (const struct object *other = objects; other < objects + SLOTS; other++)
        if (other != o && other->memory)
            assert_true(o->memory + o->size <= other->memory ||
                        other->memory + other->size <= o->memory);
}

static void do_alloc(struct object *o)
{
    bool zero = !below(4);

    *o = (struct object){.byte = (u8)below(256)};
    if (below(2)) {
        o->cache = caches[below(ARRAY_SIZE(caches))];
        o->size = o->cache->size;
        o->memory = zero ? slab_zalloc(o->cache) : slab_alloc(o->cache);
        assert_true(!o->memory || is_aligned(o->memory, cache_align(o->cache)));
    } else {
        o->size = 1 + below(below(50) ? 600 : 3 * PAGE_SIZE);
        o->memory = zero ? kzalloc(o->size) : kmalloc(o->size);
        assert_true(!o->memory || (is_aligned(o->memory, 8) && kmalloc_size(o->memory) >= o->size));
    }
    if (!o->memory)
        return;
    if (zero)
        assert_null(mem_find_not(o->memory, 0, o->size));
    memset(o->memory, o->byte, o->size);
    if (!below(50))
        overlap_check(o);
}

static void do_free(struct object *o)
{
    assert_null(mem_find_not(o->memory, o->byte, o->size));
    if (o->cache)
        slab_free(o->cache, o->memory);
    else
        kfree(o->memory);
    o->memory = NULL;
}

static void check_counts(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(caches); i++) {
        u64 used = 0;
        for (const struct object *o = objects; o < objects + SLOTS; o++)
            used += o->memory && o->cache == caches[i];
        struct slab_stats s = stats_of(caches[i]);
        assert_int_equal(s.used, used);
        assert_true(s.slabs * s.per_slab >= used);
    }
    assert_good(slab_check());
    assert_good(page_check());
}

static void test_random(void **state)
{
    u64 growth = 50;

    (void)state;
    seed = host_seed();
    phys_boot_simple(16);
    slab_cache_init(&cache_late, "test late", 40, 8);
    u64 free = page_free_count();
    for (u64 i = 0; i < OPERATIONS; i++) {
        struct object *o = &objects[below(SLOTS)];
        host_set_cpu((u32)below(CPUS));
        if (i % 10000 == 0) {
            growth = 10 + below(85);
            check_counts();
        }
        if (o->memory && below(100) >= growth)
            do_free(o);
        else if (!o->memory && below(100) < growth)
            do_alloc(o);
        if (!below(20000))
            slab_shrink_all();
    }
    for (struct object *o = objects; o < objects + SLOTS; o++)
        if (o->memory)
            do_free(o);
    phys_drain(CPUS);
    check_counts();
    for (size_t i = 0; i < ARRAY_SIZE(caches); i++)
        assert_int_equal(stats_of(caches[i]).slabs, 0);
    assert_int_equal(page_free_count(), free);
}

/* --- sizes ------------------------------------------------------------------------------------------ */

static void test_kmalloc_sizes(void **state)
{
    (void)state;
    phys_boot_simple(64);
    u64 free = page_free_count();
    assert_null(kmalloc_any(0));
    kfree(NULL);
    for (size_t size = 1; size <= 4 * PAGE_SIZE; size++) {
        void *p = kmalloc_any(size);
        assert_true(kmalloc_size(p) >= size);
        assert_true(kmalloc_size(p) <= MAX(16, 2 * size - 1));
        kfree(p);
    }
    void *p = kmalloc(PAGE_SIZE << PAGE_ORDER_MAX);
    assert_non_null(p);
    kfree(p);
    assert_null(kmalloc((PAGE_SIZE << PAGE_ORDER_MAX) + 1));
    assert_null(kmalloc(~0ul));
    assert_null(kcalloc(1ul << 33, 1ul << 33));
    p = kcalloc(7, 9);
    assert_null(mem_find_not(p, 0, 63));
    kfree(p);
    phys_drain(1);
    assert_int_equal(page_free_count(), free);
}

/* --- misuse ----------------------------------------------------------------------------------------- */

#define assert_panic(statement, text)                                 \
    do {                                                              \
        assert_true(host_panics(statement));                          \
        if (!strstr(host_panic_text, text))                           \
            fail_msg("panic '%s' lacks '%s'", host_panic_text, text); \
    } while (0)

static void test_double_free(void **state)
{
    (void)state;
    phys_boot_simple(16);
    u8 *p = slab_alloc(&cache_odd), *q = slab_alloc(&cache_odd);
    slab_free(&cache_odd, p);
    slab_free(&cache_odd, q);
    assert_panic(slab_free(&cache_odd, p), "slab test odd: double free of object");

    phys_boot_simple(16);
    p = kmalloc(100);
    kfree(p);
    slab_shrink(&cache_odd);
    assert_panic(kfree(p), "slab kmalloc-128: double free of object");
}

static void test_wrong_free(void **state)
{
    static u8 elsewhere[64];

    (void)state;
    phys_boot_simple(16);
    u8 *p = kmalloc(100);
    assert_panic(slab_free(&cache_odd, p), "is no object of it but of kmalloc-128");
    assert_panic(kfree(p + 8), "is not the start of an object");
    assert_panic(kfree(elsewhere), "is not from kmalloc (no RAM)");
    assert_panic(kfree(phys_to_virt(0x90000000)), "is not from kmalloc (no RAM)");
    assert_panic(kfree(phys_to_virt(phys_image)), "is not from kmalloc (reserved)");
    struct page *page = page_alloc(0, 0, PAGE_ANON);
    assert_panic(kfree(page_to_virt(page)), "is not from kmalloc (anonymous)");
    u8 *large = kmalloc(3 * PAGE_SIZE);
    assert_panic(kfree(large + 8), "is not from kmalloc (kernel)");
    assert_panic(kfree(large + PAGE_SIZE), "is not from kmalloc (reserved)");
    kfree(large);
    assert_panic(kfree(large), "is not from kmalloc (free");
}

static void test_overrun(void **state)
{
    (void)state;
    phys_boot_simple(16);
    u8 *p = slab_alloc(&cache_odd);
    p[57] = 0;
    assert_panic(slab_free(&cache_odd, p), "written behind the end of object");

    phys_boot_simple(16);
    p = slab_alloc(&cache_odd);
    slab_free(&cache_odd, p);
    p[40] = 0;
    assert_panic(slab_alloc(&cache_odd), "was written after it was freed");

    phys_boot_simple(16);
    p = slab_alloc(&cache_odd);
    slab_free(&cache_odd, p);
    p[9] ^= 1; /* the word that is looked at in every build */
    assert_panic(slab_alloc(&cache_odd), "was written after it was freed");
}

/* --- running out ------------------------------------------------------------------------------------ */

static void test_out_of_memory(void **state)
{
    (void)state;
    phys_boot_simple(12);
    u64 free = page_free_count(), got = 0;
    void **chain = NULL, **p;
    while ((p = kmalloc(1024))) {
        *p = chain;
        chain = p;
        got++;
    }
    assert_true(got > 7 * MiB / 1100 && got < 12 * MiB / 1024);
    assert_null(slab_alloc(&cache_max));
    while ((p = chain)) {
        chain = *p;
        kfree(p);
    }
    phys_drain(1);
    assert_int_equal(page_free_count(), free);

    for (u32 k = 1; k <= 3; k++) { /* the object, its slab's page, its slab's header */
        failalloc_arm(k);
        assert_null(slab_alloc(&cache_off));
        assert_int_equal(failalloc_left(), 0);
        phys_drain(1);
        assert_int_equal(page_free_count(), free);
    }
    failalloc_arm(1);
    u8 *one = kmalloc(10);
    assert_null(one);
    assert_true(host_log_has("failalloc: refused 16 bytes (kmalloc-16)"));
    one = kmalloc(10);
    assert_non_null(one);
    kfree(one);
}

/* --- several cpus at once --------------------------------------------------------------------------- */

static void *stress_thread(void *arg)
{
    u32 cpu = (u32)(size_t)arg;

    host_set_cpu(cpu);
    return (void *)(size_t)slab_stress(cpu + 1, 30000);
}

static void test_concurrent(void **state)
{
    pthread_t threads[CPUS];

    (void)state;
    phys_boot_simple(64);
    u64 free = page_free_count();
    for (size_t i = 0; i < CPUS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stress_thread, (void *)i), 0);
    for (size_t i = 0; i < CPUS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_good(slab_check());
    phys_drain(CPUS);
    assert_int_equal(page_free_count(), free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kmalloc_sizes), cmocka_unit_test(test_double_free),
        cmocka_unit_test(test_wrong_free),    cmocka_unit_test(test_overrun),
        cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_concurrent),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests_name("mm slab", tests, NULL, NULL);
}
