/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c
// sources: mm/pcache.c mm/pcache_anon.c mm/table.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c
// sources: mm/kmalloc.c mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c
// sources: lib/string_extra.c lib/string_page.c lib/radix.c
/*
 * The page cache against a model with every byte: random reads, writes, truncation and holes, with
 * sinks and sources that fail half way, and without memory.
 */
#include "hostmachine.h"
#include "mm_machine.h"
#include <lib/err.h>
#include <mm/failalloc.h>
#include <mm/page.h>
#include <mm/pcache.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define OPERATIONS 20000
#define FILE_MAX   (40 * PAGE_SIZE)

static struct pcache pc;
static u8 model[FILE_MAX]; /* zero behind the size, always */
static u64 size;
static u64 rng;

static u64 below(u64 n)
{
    return host_random(&rng) % n;
}

/* A copy that fails after `left` bytes. */
struct flaky {
    u8 *at;
    size_t left;
};

static int flaky_sink(void *ctx, const void *frame, size_t n)
{
    struct flaky *f = ctx;

    if (n > f->left)
        return -EFAULT;
    memcpy(f->at, frame, n);
    f->at += n;
    f->left -= n;
    return 0;
}

/* Writes half of what it cannot write wholly, as a copy from a page that ends does. */
static int flaky_source(void *ctx, void *frame, size_t n)
{
    struct flaky *f = ctx;

    if (n > f->left) {
        memcpy(frame, f->at, f->left);
        return -EFAULT;
    }
    memcpy(frame, f->at, n);
    f->at += n;
    f->left -= n;
    return 0;
}

static u64 random_offset(void)
{
    u64 page = below(FILE_MAX / PAGE_SIZE) * PAGE_SIZE;

    return below(2) ? page + below(PAGE_SIZE) : page;
}

static void op_read(void)
{
    static u8 buf[FILE_MAX];
    u64 off = random_offset(), len = below(below(4) ? 300 : FILE_MAX);
    u64 want = off >= size ? 0 : MIN(len, size - off);

    assert_int_equal(pcache_read_kernel(&pc, off, buf, len), want);
    assert_memory_equal(buf, model + off, want);
}

static void op_write(void)
{
    static u8 buf[FILE_MAX];
    u64 off = random_offset();
    u64 len = below(below(4) ? 300 : 5 * PAGE_SIZE);

    len = MIN(len, FILE_MAX - off);
    for (u64 i = 0; i < len; i++)
        buf[i] = (u8)(1 + below(255));
    assert_int_equal(pcache_write_kernel(&pc, off, buf, len), len);
    memcpy(model + off, buf, len);
    if (len)
        size = MAX(size, off + len);
}

/*
 * What was written before the error counts; of the page where it happened, what lay inside the
 * file may be either.
 */
static void op_flaky(void)
{
    static u8 buf[FILE_MAX];
    u64 off = random_offset(), len = MIN(3 * PAGE_SIZE, FILE_MAX - off);
    struct flaky f = {buf, below(len)};
    u64 limit = f.left;

    if (below(2)) {
        ssize_t n = pcache_read(&pc, off, len, flaky_sink, &f);
        assert_true(n == -EFAULT || (n >= 0 && (u64)n <= limit) || (u64)n == MIN(len, size - off));
        return;
    }
    for (u64 i = 0; i < len; i++)
        buf[i] = (u8)(1 + below(255));
    ssize_t n = pcache_write(&pc, off, len, flaky_source, &f);
    u64 done = n < 0 ? 0 : (u64)n;
    assert_true(n == -EFAULT ? limit < PAGE_SIZE : done <= limit);
    memcpy(model + off, buf, done);
    size = done ? MAX(size, off + done) : size;
    u64 torn = off + done, torn_end = MIN(ALIGN_DOWN(torn, PAGE_SIZE) + PAGE_SIZE, size);
    if (torn < torn_end) /* inside of the file: take over what is there */
        assert_int_equal(pcache_read_kernel(&pc, torn, model + torn, torn_end - torn),
                         torn_end - torn);
}

static void op_truncate(void)
{
    u64 to = below(2) ? below(FILE_MAX) : ALIGN_DOWN(below(FILE_MAX), PAGE_SIZE);

    assert_int_equal(pcache_truncate(&pc, to), 0);
    if (to < size)
        memset(model + to, 0, size - to);
    size = to;
}

static void op_punch(void)
{
    u64 off = random_offset(), len = below(4 * PAGE_SIZE);

    len = MIN(len, FILE_MAX - off);
    pcache_punch(&pc, off, len);
    memset(model + off, 0, len);
}

/* A program with a mapping scribbles behind the end of the file: nobody must ever read that. */
static void op_scribble(void)
{
    if (size % PAGE_SIZE == 0)
        return;
    struct page *page = pc.pager.ops->get(&pc.pager, size >> PAGE_SHIFT, true);
    assert_false(IS_ERR_OR_NULL(page));
    memset((u8 *)page_to_virt(page) + size % PAGE_SIZE, 0xee, PAGE_SIZE - size % PAGE_SIZE);
    page_put(page);
}

static void compare(void)
{
    static u8 buf[FILE_MAX];
    u64 index = 0, frames = 0;

    assert_int_equal(pcache_size(&pc), size);
    assert_int_equal(pcache_read_kernel(&pc, 0, buf, FILE_MAX), size);
    assert_memory_equal(buf, model, size);
    for (struct page *page; (page = radix_next(&pc.frames, &index)); index++, frames++) {
        assert_int_equal(page->kind, PAGE_FILE);
        assert_int_equal(page_ref(page), 1);
    }
    assert_int_equal(frames, pcache_frames(&pc));
}

static void test_random(void **state)
{
    u64 before = mm_machine_free_pages();

    (void)state;
    rng = host_seed();
    pcache_init(&pc, NULL);
    memset(model, 0, sizeof(model));
    size = 0;
    for (u32 i = 0; i < OPERATIONS; i++) {
        switch (below(12)) {
        case 0 ... 3:
            op_read();
            break;
        case 4 ... 6:
            op_write();
            break;
        case 7:
            op_flaky();
            break;
        case 8:
            op_scribble();
            break;
        case 9 ... 10:
            op_truncate();
            break;
        default:
            op_punch();
            break;
        }
        if (i % 8 == 0)
            compare();
    }
    pcache_destroy(&pc);
    assert_int_equal(mm_machine_free_pages(), before);
}

static void test_holes(void **state)
{
    char c = 1;

    (void)state;
    pcache_init(&pc, NULL);
    assert_int_equal(pcache_truncate(&pc, 1ul << 40), 0);
    assert_int_equal(pcache_read_kernel(&pc, 1ul << 39, &c, 1), 1);
    assert_int_equal(c, 0);
    assert_int_equal(pcache_frames(&pc), 0); /* reading charges nothing */
    assert_int_equal(pcache_write_kernel(&pc, 1ul << 39, "x", 1), 1);
    assert_int_equal(pcache_frames(&pc), 1);
    assert_int_equal(pcache_write_kernel(&pc, (1ul << 63) - 1, "xy", 2), 1);
    assert_int_equal(pcache_write_kernel(&pc, 1ul << 63, "x", 1), -EFBIG);
    assert_int_equal(pcache_write_kernel(&pc, ~0ul, "x", 1), -EFBIG);
    assert_int_equal(pcache_truncate(&pc, ~0ul), -EFBIG);
    assert_int_equal(pcache_read_kernel(&pc, ~0ul, &c, 1), 0);
    pcache_punch(&pc, 1ul << 39, ~0ul);
    assert_int_equal(pcache_frames(&pc), 0);
    pcache_destroy(&pc);
}

static void test_pager(void **state)
{
    struct pager *pager = &pc.pager;
    struct page *page, *seen[8], *own;

    (void)state;
    pcache_init(&pc, NULL);
    assert_int_equal(pcache_truncate(&pc, 3 * PAGE_SIZE + 1), 0);
    assert_int_equal(pager->ops->size(pager), 3 * PAGE_SIZE + 1);
    assert_int_equal(PTR_ERR(pager->ops->get(pager, 4, false)), -EIO);
    assert_int_equal(PTR_ERR(pager->ops->get(pager, ~0ul, false)), -EIO);
    page = pager->ops->get(pager, 3, false);
    assert_int_equal(page_ref(page), 2);
    pager->ops->peek(pager, 0, 8, seen);
    for (u32 i = 0; i < 8; i++)
        assert_ptr_equal(seen[i], i == 3 ? page : NULL);
    assert_int_equal(page_ref(page), 3);
    /* cut off while it is mapped: it lives on, and the file has another one */
    assert_int_equal(pcache_truncate(&pc, 0), 0);
    assert_int_equal(page_ref(page), 2);
    assert_int_equal(pcache_truncate(&pc, 4 * PAGE_SIZE), 0);
    own = pager->ops->get(pager, 3, false);
    assert_ptr_not_equal(own, page);
    page_put(own);
    page_put(page);
    page_put(page);
    own = page_alloc(0, PA_ZERO, PAGE_FILE);
    assert_int_equal(pcache_insert(&pc, 3, own), -EEXIST);
    assert_int_equal(pcache_insert(&pc, 1, own), 0);
    assert_ptr_equal(pcache_get(&pc, 1, false), own);
    assert_null(pcache_get(&pc, 2, false));
    page_put(own);
    pcache_destroy(&pc);
}

static void check_zero(struct page *page)
{
    assert_null(mem_find_not(page_to_virt(page), 0, PAGE_SIZE));
    page_put(page);
}

/* Frames to be booked come from where others left their bytes. */
static void soil_memory(void)
{
    struct page *pages[16];

    for (unsigned i = 0; i < ARRAY_SIZE(pages); i++) {
        pages[i] = page_alloc(0, 0, PAGE_ANON);
        memset(page_to_virt(pages[i]), 0x5e, PAGE_SIZE);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
        page_put(pages[i]);
}

/* Booked frames are charged and not there, until one is looked for: then it is clear, and `ahead` more. */
static void check_booking(const struct pcache_ops *ops, unsigned ahead)
{
    struct pager *pager = &pc.pager;
    struct page *seen[8];
    char c = 'x';

    soil_memory();
    pcache_init(&pc, ops);
    assert_int_equal(pcache_truncate(&pc, 8 * PAGE_SIZE), 0);
    assert_int_equal(pcache_write_kernel(&pc, 2 * PAGE_SIZE, "y", 1), 1);
    for (u64 i = 0; i < 7; i++)
        assert_int_equal(pcache_book(&pc, i), 0);
    assert_int_equal(pcache_frames(&pc), 7);
    assert_int_equal(pcache_read_kernel(&pc, 2 * PAGE_SIZE, &c, 1), 1);
    assert_int_equal(c, 'y');
    check_zero(pager->ops->get(pager, 3, false));
    pager->ops->peek(pager, 0, 8, seen);
    for (u64 i = 0; i < 8; i++) {
        assert_int_equal(!!seen[i], i >= 2 && i <= MIN(3 + ahead, 6));
        if (seen[i] && i > 2)
            check_zero(seen[i]);
        else if (seen[i])
            page_put(seen[i]);
    }
    assert_int_equal(pcache_read_kernel(&pc, 1, &c, 1), 1);
    assert_int_equal(c, 0);
    for (u64 i = 0; i < 7; i++)
        if (i != 2)
            check_zero(pcache_get(&pc, i, false));
    assert_null(pcache_get(&pc, 7, false));
    pcache_destroy(&pc);
}

static void test_booking(void **state)
{
    static const struct pcache_ops two_ahead = {.ahead = 2};

    (void)state;
    check_booking(NULL, 0);
    check_booking(&two_ahead, 2);
}

static int fills, fill_error;

static int fill(struct pcache *cache, u64 index, struct page *page)
{
    (void)cache;
    fills++;
    memset(page_to_virt(page), (int)index + 1, PAGE_SIZE);
    return fill_error;
}

static void test_backing(void **state)
{
    static const struct pcache_ops ops = {.fill = fill};
    char c[2];

    (void)state;
    pcache_init(&pc, &ops);
    pcache_set_size(&pc, 2 * PAGE_SIZE);
    fills = fill_error = 0;
    assert_int_equal(pcache_read_kernel(&pc, PAGE_SIZE - 1, c, 2), 2);
    assert_true(c[0] == 1 && c[1] == 2 && fills == 2);
    assert_int_equal(pcache_read_kernel(&pc, PAGE_SIZE - 1, c, 2), 2);
    assert_int_equal(fills, 2); /* once */
    assert_int_equal(pcache_truncate(&pc, 0), 0);
    pcache_set_size(&pc, 2 * PAGE_SIZE);
    fill_error = -EIO;
    assert_int_equal(pcache_read_kernel(&pc, 0, c, 2), -EIO);
    assert_int_equal(pcache_frames(&pc), 0);
    pcache_destroy(&pc);
}

/* Another cpu cuts the file while this one fills a frame for a mapping. */
static int cut_and_fill(struct pcache *cache, u64 index, struct page *page)
{
    (void)index, (void)page;
    return pcache_truncate(cache, PAGE_SIZE);
}

/* The frame must not stay behind the end: the file would have it again when it grows. */
static void test_cut_during_a_fault(void **state)
{
    static const struct pcache_ops ops = {.fill = cut_and_fill};
    u64 before = mm_machine_free_pages();
    struct page *page;

    (void)state;
    pcache_init(&pc, &ops);
    pcache_set_size(&pc, 4 * PAGE_SIZE);
    page = pc.pager.ops->get(&pc.pager, 2, true);
    assert_true(IS_ERR(page) && PTR_ERR(page) == -EIO);
    assert_int_equal(pcache_frames(&pc), 0);
    page = pc.pager.ops->get(&pc.pager, 0, false);
    assert_false(IS_ERR(page));
    assert_int_equal(pcache_frames(&pc), 1);
    page_put(page);
    pcache_destroy(&pc);
    assert_int_equal(mm_machine_free_pages(), before);
}

static void test_anon(void **state)
{
    u64 before = mm_machine_free_pages();
    struct pager *pager = pcache_create_anon(2 * PAGE_SIZE);
    char buf[32];

    (void)state;
    pager->ops->hold(pager);
    page_put(pager->ops->get(pager, 1, true));
    assert_int_equal(PTR_ERR(pager->ops->get(pager, 2, true)), -EIO);
    assert_string_equal(pager->ops->name(pager, buf, sizeof(buf)), "/dev/zero (deleted)");
    pager->ops->release(pager);
    pager->ops->release(pager);
    assert_int_equal(mm_machine_free_pages(), before);
}

static void test_no_memory(void **state)
{
    u64 before = mm_machine_free_pages();
    static u8 buf[3 * PAGE_SIZE];
    ssize_t n = -ENOMEM;

    (void)state;
    memset(buf, 7, sizeof(buf));
    for (u32 k = 1; n != sizeof(buf); k++) {
        pcache_init(&pc, NULL);
        failalloc_arm(k);
        n = pcache_write_kernel(&pc, 70 * PAGE_SIZE + 5, buf, sizeof(buf));
        failalloc_arm(0);
        assert_true(n == -ENOMEM || n > 0);
        assert_int_equal(pcache_size(&pc), n > 0 ? 70 * PAGE_SIZE + 5 + (u64)n : 0);
        pcache_destroy(&pc);
        assert_int_equal(mm_machine_free_pages(), before);
        assert_true(k < 20);
    }
    failalloc_arm(1);
    assert_null(pcache_create_anon(PAGE_SIZE));
    failalloc_arm(0);
}

static int setup(void **state)
{
    (void)state;
    mm_machine_boot(32 * MiB);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holes),   cmocka_unit_test(test_pager),
        cmocka_unit_test(test_booking), cmocka_unit_test(test_backing),
        cmocka_unit_test(test_anon),    cmocka_unit_test(test_cut_during_a_fault),
        cmocka_unit_test(test_random),  cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
