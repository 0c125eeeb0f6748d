/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c mm/region_scan.c lib/interval.c lib/fdt.c lib/fdt_check.c
// sources: lib/fdt_reg.c lib/string_extra.c kernel/base/percpu.c
/*
 * The map of RAM on device trees: some written by hand for one rule each, many random ones against a
 * model that has a byte for each page. RAM that must not be mapped is inaccessible in the host
 * machine, so touching it ends the test.
 */
#include "../../mm/region.c"
#include "hostmachine.h"
#include "tree_builder.h"
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdarg.h>
#include <stddef.h>

static struct tree tree;
static struct fdt fdt;
static struct boot_info info;
static size_t early_budget; /* pages that arch_early_map() agrees to map */

int arch_early_map(paddr_t pa, size_t size)
{
    (void)pa;
    size_t pages = (size + PAGE_SIZE - 1) / PAGE_SIZE;
    if (pages > early_budget)
        return -ENOMEM;
    early_budget -= pages;
    return 0;
}

static void reset(void)
{
    host_reset();
    initrd_start = initrd_end = 0;
    all_mapped = closed = false;
    early_budget = ~0ul;
    info = (struct boot_info){.image_pa = 0x80200000, .image_size = 0x100000};
    tree_begin(&tree);
}

/* Ends the tree, lets it lie at pa, runs region_init. */
static int boot(paddr_t tree_pa)
{
    u32 size = tree_end(&tree);

    host_add_ram(tree_pa & ~(PAGE_SIZE - 1), ALIGN_UP(size, PAGE_SIZE) + PAGE_SIZE);
    memcpy(phys_to_virt(tree_pa), tree.blob, size);
    info.fdt_pa = tree_pa;
    info.fdt = phys_to_virt(tree_pa);
    info.fdt_size = size;
    assert_int_equal(fdt_check(info.fdt, size, &fdt), 0);
    return region_init(&info, &fdt);
}

static void add_bank(paddr_t pa, u64 size)
{
    char name[32];

    snprintf(name, sizeof(name), "memory@%lx", pa);
    tree_memory(&tree, name, (u64[]){pa, size}, 1);
}

static void open_reserved(void)
{
    tree_open(&tree, "reserved-memory");
    tree_prop_u32(&tree, "#address-cells", 2);
    tree_prop_u32(&tree, "#size-cells", 2);
    tree_prop(&tree, "ranges", "", 0);
}

static void add_child(const char *name, u64 pa, u64 size, bool nomap)
{
    tree_open(&tree, name);
    tree_prop_u64s(&tree, "reg", (u64[]){pa, size}, 2);
    if (nomap)
        tree_prop(&tree, "no-map", "", 0);
    tree_close(&tree);
}

static struct region at(paddr_t pa)
{
    struct region r;

    for (size_t i = 0; region_at(i, &r); i++)
        if (pa >= r.start && pa < r.end)
            return r;
    return (struct region){.reason = "no RAM", .use = (enum region_use)99};
}

static void expect(paddr_t pa, enum region_use use, const char *reason)
{
    struct region r = at(pa);

    assert_string_equal(r.reason, reason);
    assert_int_equal(r.use, use);
}

/* --- one rule each ----------------------------------------------------------------------------- */

/* A request, no place. */
static void add_request(void)
{
    tree_open(&tree, "linux,cma");
    tree_prop_u64s(&tree, "size", (u64[]){0x2000000}, 1);
    tree_prop_u64s(&tree, "alloc-ranges", (u64[]){0x80000000, 0x4000000}, 2);
    tree_close(&tree);
}

static void add_disabled(void)
{
    tree_open(&tree, "off@81000000");
    tree_prop_string(&tree, "status", "disabled");
    tree_prop_u64s(&tree, "reg", (u64[]){0x81000000, 0x1000}, 2);
    tree_close(&tree);
}

static void add_initrd(u64 start, u64 end)
{
    tree_open(&tree, "chosen");
    tree_prop_u64s(&tree, "linux,initrd-start", &start, 1);
    tree_prop_u64s(&tree, "linux,initrd-end", &end, 1);
    tree_close(&tree);
}

#define PLAIN_TREE 0x82800000ul

/* One bank with a bit of everything. */
static void boot_plain(void)
{
    reset();
    host_add_ram(0x80000000, 64 * MiB);
    host_forbid(0x80000000, 512 * KiB);
    add_bank(0x80000000, 64 * MiB);
    open_reserved();
    add_child("mmode_resv0@80000000", 0x80000000, 0x80000, false);
    add_child("buffer@83000800", 0x83000800, 0x1000, false);
    add_request();
    add_disabled();
    tree_close(&tree);
    add_initrd(0x82000010, 0x82003456);
    tree_reserve(&tree, 0x82ff0000, 0x1000);
    tree_reserve(&tree, 0x82000000, 0x4000); /* the boot loader lists the initrd here, too */
    assert_int_equal(boot(PLAIN_TREE), 0);
}

static void test_plain(void **state)
{
    (void)state;
    boot_plain();
    expect(0x80000000, REGION_NOMAP, "mmode_resv0@80000000");
    expect(0x80080000, REGION_FREE, "free");
    expect(0x80200000, REGION_HELD, "kernel");
    expect(0x80300000, REGION_HELD, "kernel tables");
    expect(0x81000000, REGION_FREE, "free");
    expect(0x82000000, REGION_HELD, "initrd");
    expect(0x82003000, REGION_HELD, "initrd");
    expect(0x82004000, REGION_FREE, "free");
    expect(PLAIN_TREE, REGION_HELD, "device tree");
    expect(0x82ff0000, REGION_HELD, "memory reservation block");
    expect(0x83000000, REGION_HELD, "buffer@83000800");
    expect(0x83001000, REGION_HELD, "buffer@83000800");
    expect(0x83002000, REGION_FREE, "free");
    assert_null(region_reason(0x84000000));
    region_print();
    assert_true(host_log_has("never mapped"));
}

static void test_what_is_told_of_a_plain_tree(void **state)
{
    paddr_t start, end;
    size_t size;

    (void)state;
    boot_plain();
    assert_true(region_initrd(&start, &size));
    assert_int_equal(start, 0x82000010);
    assert_int_equal(size, 0x3446);
    assert_true(region_next_mapped(0, &start, &end));
    assert_int_equal(start, 0x80080000);
    assert_int_equal(end, 0x84000000);
    assert_false(region_next_mapped(end, &start, &end));
}

/* Its old place is wiped and free once it may be written. */
static void test_the_tree_moves(void **state)
{
    (void)state;
    boot_plain();
    assert_ptr_not_equal(fdt.blob, phys_to_virt(PLAIN_TREE));
    assert_true(fdt_find_path(&fdt, "/chosen") > 0);
    early_all_mapped();
    expect(PLAIN_TREE, REGION_FREE, "free");
    assert_int_equal(*(u32 *)phys_to_virt(PLAIN_TREE), 0);
}

static void test_silent_firmware(void **state)
{
    (void)state;
    reset();
    host_add_ram(0x80000000, 16 * MiB);
    host_forbid(0x80000000, 2 * MiB);
    add_bank(0x80000000, 16 * MiB);
    assert_int_equal(boot(0x80800000), 0);
    expect(0x80000000, REGION_NOMAP, "firmware (announces nothing)");
    expect(0x801ff000, REGION_NOMAP, "firmware (announces nothing)");
    expect(0x80200000, REGION_HELD, "kernel");

    reset(); /* the kernel itself lies there: nothing else does */
    host_add_ram(0, 16 * MiB);
    info.image_pa = 0;
    add_bank(0, 16 * MiB);
    assert_int_equal(boot(0x800000), 0);
    expect(0, REGION_HELD, "kernel");
    expect(0x110000, REGION_FREE, "free");

    reset(); /* an initrd lies there: it may be read, the rest may not */
    host_add_ram(0x80000000, 16 * MiB);
    add_bank(0x80000000, 16 * MiB);
    tree_open(&tree, "chosen");
    tree_prop_u32(&tree, "linux,initrd-start", 0x80100000);
    tree_prop_u32(&tree, "linux,initrd-end", 0x80101000);
    tree_close(&tree);
    assert_int_equal(boot(0x80800000), 0);
    expect(0x80100000, REGION_HELD, "initrd");
    expect(0x80101000, REGION_NOMAP, "firmware (announces nothing)");
}

/* Banks in any order, at 0, far apart; odd ones are left out with a message. */
static void test_banks(void **state)
{
    const u64 far = 0x1040000000;

    (void)state;
    reset();
    host_add_ram(0, 8 * MiB);
    host_add_ram(0x80000000, 8 * MiB);
    host_add_ram(far, 8 * MiB);
    tree_memory(&tree, "memory@1040000000", (u64[]){far, 8 * MiB, 0x80000000, 8 * MiB}, 2);
    add_bank(0, 8 * MiB);
    add_bank(0x80400000, 2 * MiB);
    add_bank(0x90000000, 0);
    add_bank(0xfffffffffff00000, 0x200000);
    add_bank(DIRECT_SIZE - 4 * MiB, 16 * MiB);
    assert_int_equal(boot(0x500000), 0);
    expect(0, REGION_FREE, "free");
    expect(0x80200000, REGION_HELD, "kernel");
    expect(far, REGION_FREE, "free");
    expect(DIRECT_SIZE - PAGE_SIZE, REGION_FREE, "free");
    assert_null(region_reason(DIRECT_SIZE));
    assert_null(region_reason(0x90000000));
    assert_int_equal(region_total(REGION_FREE) + region_total(REGION_HELD) +
                         region_total(REGION_NOMAP),
                     28 * MiB);
    assert_true(host_log_has("is empty, left out"));
    assert_true(host_log_has("wraps around, left out"));
    assert_true(host_log_has("12 MiB of RAM above 252 GiB are out of reach"));
    assert_true(host_log_has("bank at 0x80400000 overlaps another one"));
}

static void test_no_memory_node(void **state)
{
    (void)state;
    reset();
    assert_int_equal(boot(0x80800000), -ENOENT);
    assert_true(host_log_has("names no memory"));

    reset(); /* a memory node that is disabled is none */
    tree_open(&tree, "memory@80000000");
    tree_prop_string(&tree, "device_type", "memory");
    tree_prop_string(&tree, "status", "disabled");
    tree_prop_u64s(&tree, "reg", (u64[]){0x80000000, 0x1000000}, 2);
    tree_close(&tree);
    assert_int_equal(boot(0x80800000), -ENOENT);
}

static void test_kernel_outside_of_ram(void **state)
{
    (void)state;
    reset();
    host_add_ram(0x40000000, 16 * MiB);
    add_bank(0x40000000, 16 * MiB);
    assert_int_equal(boot(0x40800000), -EINVAL);
    assert_true(host_log_has("does not lie in the RAM"));
}

static void test_all_is_reserved(void **state)
{
    (void)state;
    reset();
    host_add_ram(0x80000000, 4 * MiB);
    add_bank(0x80000000, 4 * MiB);
    open_reserved();
    add_child("all@80000000", 0x80000000, 4 * MiB, false);
    tree_close(&tree);
    assert_int_equal(boot(0x80001000), -ENOMEM);
    assert_true(host_log_has("no room for"));
}

static void test_initrd_in_no_map_memory_is_none(void **state)
{
    paddr_t start;
    size_t size;

    (void)state;
    reset();
    host_add_ram(0x80000000, 16 * MiB);
    add_bank(0x80000000, 16 * MiB);
    open_reserved();
    add_child("secure@80900000", 0x80900000, 0x1000, true);
    tree_close(&tree);
    add_initrd(0x80800000, 0x80a00000);
    assert_int_equal(boot(0x80c00000), 0);
    assert_true(host_log_has("initrd at 0x80800000 overlaps"));
    assert_false(region_initrd(&start, &size));
}

/* Many reservations: the table's size is the tree's, and it grows behind that. */
static void test_no_limit(void **state)
{
    enum { CHILDREN = 600 };

    (void)state;
    reset();
    host_add_ram(0x80000000, 64 * MiB);
    add_bank(0x80000000, 64 * MiB);
    open_reserved();
    for (u64 i = 0; i < CHILDREN; i++) {
        char name[32];
        snprintf(name, sizeof(name), "r%lu@0", i);
        add_child(name, 0x80400000 + i * 2 * PAGE_SIZE, PAGE_SIZE, false);
    }
    tree_close(&tree);
    assert_int_equal(boot(0x83800000), 0);
    for (u64 i = 0; i < CHILDREN; i++) {
        assert_int_equal(at(0x80400000 + i * 2 * PAGE_SIZE).use, REGION_HELD);
        assert_int_equal(at(0x80400000 + (i * 2 + 1) * PAGE_SIZE).use, REGION_FREE);
    }
    size_t capacity = ram.capacity;
    void *p;
    u64 pages = 0;
    while ((p = early_alloc_in(PAGE_SIZE, PAGE_SIZE << (1 + pages % 3), 0x80400000, 0x83000000))) {
        memset(p, 0xee, PAGE_SIZE);
        pages++;
    }
    assert_true(pages > CHILDREN);
    assert_true(ram.capacity > capacity);
    assert_int_equal(at(0x80400000).use, REGION_HELD);
}

static void test_early_alloc(void **state)
{
    (void)state;
    reset();
    host_add_ram(0x80000000, 8 * MiB);
    add_bank(0x80000000, 8 * MiB);
    assert_int_equal(boot(0x80600000), 0);
    u8 *a = early_alloc(100, 8), *b = early_alloc(3 * PAGE_SIZE, 64 * KiB);
    assert_non_null(a);
    assert_true(b > a && is_aligned(virt_to_phys(b), 64 * KiB));
    for (size_t i = 0; i < 3 * PAGE_SIZE; i++)
        assert_int_equal(b[i], 0);
    expect(virt_to_phys(a), REGION_HELD, "kernel tables");
    early_budget = 2;
    assert_null(early_alloc(3 * PAGE_SIZE, PAGE_SIZE)); /* arch cannot map it: nothing is lost */
    assert_non_null(early_alloc(2 * PAGE_SIZE, PAGE_SIZE));
    early_all_mapped();
    assert_non_null(early_alloc(3 * PAGE_SIZE, PAGE_SIZE));
    assert_null(early_alloc(1 * GiB, PAGE_SIZE));
    region_close();
    assert_null(early_alloc(PAGE_SIZE, PAGE_SIZE));

    /* Later: held RAM goes back once, free RAM and foreign RAM never. */
    assert_int_equal(region_mark_free(0x80200000, 0x80201000), 0);
    expect(0x80200000, REGION_FREE, "free");
    assert_int_equal(region_mark_free(0x80200000, 0x80202000), -EINVAL);
    assert_int_equal(region_mark_free(0x80000000, 0x80001000), -EINVAL);
    assert_int_equal(region_mark_free(0x88000000, 0x88001000), -EINVAL);
}

/* --- random trees against a model -------------------------------------------------------------- */

#define MODEL_BASE  0x80000000ul
#define MODEL_PAGES 4096
#define NOT_RAM     99

static u8 model[MODEL_PAGES];
static u64 seed;

static u64 below(u64 n)
{
    return host_random(&seed) % n;
}

/* Pages touched by [pa, pa + size) that are RAM get the use. */
static void model_paint(u64 pa, u64 size, u8 use)
{
    for (u64 i = 0; i < MODEL_PAGES; i++) {
        u64 page = MODEL_BASE + i * PAGE_SIZE;
        if (size && model[i] != NOT_RAM && page < pa + size && page + PAGE_SIZE > pa)
            model[i] = use;
    }
}

static void model_bank(u64 pa, u64 size)
{
    for (u64 i = 0; i < MODEL_PAGES; i++) {
        u64 page = MODEL_BASE + i * PAGE_SIZE;
        if (page >= pa && page + PAGE_SIZE <= pa + size)
            model[i] = REGION_FREE;
    }
}

struct hole {
    u64 pa, size;
    bool nomap;
};

static u64 random_place(void)
{
    return MODEL_BASE + below(MODEL_PAGES * PAGE_SIZE) / (below(2) ? 1 : PAGE_SIZE) *
                            (below(2) ? 1 : PAGE_SIZE) % (MODEL_PAGES * PAGE_SIZE);
}

/*
 * The kernel's bank is the first 10 MiB; up to three other banks and 24 holes lie anywhere. Room for the
 * kernel and for a table is kept free.
 */
static void random_tree(struct hole *holes, u64 count)
{
    memset(model, NOT_RAM, sizeof(model));
    add_bank(MODEL_BASE, 10 * MiB);
    model_bank(MODEL_BASE, 10 * MiB);
    for (u64 i = below(4); i; i--) {
        u64 pa = MODEL_BASE + 10 * MiB + below(4 * MiB), size = below(2 * MiB);
        add_bank(pa, size);
        model_bank(pa, size);
    }
    open_reserved();
    for (u64 i = 0; i < count; i++) {
        struct hole *h = &holes[i];
        char name[48];
        *h = (struct hole){random_place(), below(64 * KiB), below(2)};
        if (h->pa + h->size > MODEL_BASE + 3 * MiB && h->pa < MODEL_BASE + 5 * MiB)
            h->pa = MODEL_BASE + 6 * MiB;
        bool named = h->nomap && below(2);
        snprintf(name, sizeof(name), "%s%lu@%lx", named ? "mmode_resv" : "hole", i, h->pa);
        add_child(name, h->pa, h->size, h->nomap && !named);
    }
    tree_close(&tree);
}

/* In the order of authority that the header promises. */
static void model_holes(const struct hole *holes, u64 count, u64 image_pa)
{
    bool silent = image_pa >= MODEL_BASE + 2 * MiB;

    model_paint(info.fdt_pa, info.fdt_size, REGION_HELD);
    for (u64 i = 0; i < count; i++)
        if (holes[i].size && ALIGN_DOWN(holes[i].pa, PAGE_SIZE) < MODEL_BASE + 2 * MiB)
            silent = false;
    if (silent)
        model_paint(MODEL_BASE, 2 * MiB, REGION_NOMAP);
    for (int nomap = 0; nomap < 2; nomap++)
        for (u64 i = 0; i < count; i++)
            if (holes[i].nomap == nomap)
                model_paint(holes[i].pa, holes[i].size, nomap ? REGION_NOMAP : REGION_HELD);
    model_paint(image_pa, info.image_size, REGION_HELD);
}

static void compare_with_model(void)
{
    for (u64 i = 0; i < MODEL_PAGES; i++) {
        struct region r = at(MODEL_BASE + i * PAGE_SIZE);
        if (model[i] == REGION_FREE && r.use == REGION_HELD)
            assert_string_equal(r.reason, "kernel tables");
        else
            assert_int_equal(r.use, model[i]);
    }
    paddr_t start, end = 0;
    for (u64 i = 0; i < MODEL_PAGES;) {
        bool found = region_next_mapped(end, &start, &end);
        while (i < MODEL_PAGES && (model[i] == NOT_RAM || model[i] == REGION_NOMAP))
            i++;
        if (i == MODEL_PAGES) {
            assert_false(found);
            break;
        }
        assert_int_equal(start, MODEL_BASE + i * PAGE_SIZE);
        while (i < MODEL_PAGES && model[i] <= REGION_HELD)
            i++;
        assert_int_equal(end, MODEL_BASE + i * PAGE_SIZE);
    }
}

/* What early_alloc() gives was free in the model, and is given once. */
static void alloc_some(void)
{
    for (int i = 0; i < 50; i++) {
        size_t size = 1 + below(3 * PAGE_SIZE);
        u8 *p = early_alloc(size, below(2) ? 1 : 16 * KiB);
        if (!p)
            continue;
        u64 first = (virt_to_phys(p) - MODEL_BASE) / PAGE_SIZE;
        for (u64 page = first; page < first + ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE; page++) {
            assert_int_equal(model[page], REGION_FREE);
            model[page] = REGION_HELD;
        }
        memset(p, 0xff, size);
    }
}

static void one_random_tree(void)
{
    struct hole holes[24];
    u64 count = below(ARRAY_SIZE(holes) + 1);
    u64 tree_pa = MODEL_BASE + 6 * MiB + 8 * below(MiB / 8);

    reset();
    host_add_ram(MODEL_BASE, MODEL_PAGES * PAGE_SIZE);
    info.image_pa = MODEL_BASE + below(2) * 2 * MiB;
    random_tree(holes, count);
    for (u64 i = 0; i < count; i++) /* firmware does not put the tree into its own memory */
        if (holes[i].pa < tree_pa + 64 * KiB && holes[i].pa + holes[i].size > tree_pa)
            tree_pa = MODEL_BASE + 4 * MiB;
    assert_int_equal(boot(tree_pa), 0);
    model_holes(holes, count, info.image_pa);
    for (u64 i = 0; i < MODEL_PAGES; i++)
        if (model[i] == REGION_NOMAP || model[i] == NOT_RAM)
            host_forbid(MODEL_BASE + i * PAGE_SIZE, PAGE_SIZE);
    compare_with_model();
    alloc_some();
}

static void test_random_trees(void **state)
{
    (void)state;
    seed = host_seed();
    host_noise_limit = 64 * KiB;
    for (int i = 0; i < 400; i++)
        one_random_tree();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_what_is_told_of_a_plain_tree),
        cmocka_unit_test(test_the_tree_moves),
        cmocka_unit_test(test_silent_firmware),
        cmocka_unit_test(test_banks),
        cmocka_unit_test(test_no_memory_node),
        cmocka_unit_test(test_kernel_outside_of_ram),
        cmocka_unit_test(test_all_is_reserved),
        cmocka_unit_test(test_initrd_in_no_map_memory_is_none),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_early_alloc),
        cmocka_unit_test(test_random_trees),
    };
    return cmocka_run_group_tests_name("mm region", tests, NULL, NULL);
}
