/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/interval.c
/* Random operations on interval sets against an array with one tag per address. */
#include "lib_test.h"
#include <lib/errno.h>
#include <lib/interval.h>
#include <string.h>

#define SPACE  200u
#define ROUNDS 50000

static const char ram[] = "ram", image[] = "image", tree[] = "tree";
static const char *const tags[] = {ram, image, tree, NULL};
static const char outside[] = "outside"; /* in the model: not in the set */

static const char *model[SPACE];
static bool grow_fails;

/* Grows to exactly what is asked for, so that one range too many is caught by the sanitizer. */
static int grow(struct interval_set *set, size_t capacity)
{
    struct interval *larger;

    if (grow_fails)
        return -ENOMEM;
    larger = malloc(capacity * sizeof(*larger));
    if (set->count)
        memcpy(larger, set->ranges, set->count * sizeof(*larger));
    free(set->ranges);
    set->ranges = larger;
    set->capacity = capacity;
    return 0;
}

static void check_shape(const struct interval_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct interval *r = &set->ranges[i];

        assert_true(r->start < r->end);
        if (i + 1 < set->count) {
            assert_true(r->end <= r[1].start);
            assert_false(r->end == r[1].start && r->tag == r[1].tag);
        }
    }
}

static void check_set(const struct interval_set *set)
{
    check_shape(set);
    for (paddr_t addr = 0; addr < SPACE; addr++) {
        const struct interval *r = interval_find(set, addr);

        assert_ptr_equal(r ? r->tag : outside, model[addr]);
    }
    for (size_t t = 0; t < ARRAY_SIZE(tags); t++) {
        u64 total = 0;

        for (paddr_t addr = 0; addr < SPACE; addr++)
            total += model[addr] == tags[t];
        assert_int_equal(interval_total(set, tags[t]), total);
    }
}

static bool model_covers(paddr_t start, paddr_t end, const char *tag)
{
    while (start < end && model[start] == tag)
        start++;
    return start >= end;
}

static void check_queries(const struct interval_set *set)
{
    paddr_t low = random_below(SPACE), high = random_below(SPACE + 1), at, want;
    u64 size = 1 + random_below(20), align = 1ul << random_below(5);
    const char *tag = tags[random_below(ARRAY_SIZE(tags))];

    assert_int_equal(interval_covers(set, low, high, tag), model_covers(low, high, tag));
    for (want = ALIGN_UP(low, align); want + size <= high; want += align) {
        if (model_covers(want, want + size, tag))
            break;
    }
    if (want + size > high) {
        assert_int_equal(interval_find_low(set, size, align, low, high, tag, &at), -ENOENT);
        assert_int_equal(interval_find_high(set, size, align, low, high, tag, &at), -ENOENT);
        return;
    }
    assert_int_equal(interval_find_low(set, size, align, low, high, tag, &at), 0);
    assert_int_equal(at, want);
    for (want = ALIGN_DOWN(high - size, align); !model_covers(want, want + size, tag);)
        want -= align;
    assert_int_equal(interval_find_high(set, size, align, low, high, tag, &at), 0);
    assert_int_equal(at, want);
}

static void step(struct interval_set *set)
{
    paddr_t start = random_below(SPACE), end = start + random_below(MIN(SPACE - start, 40u) + 1);
    const char *tag = tags[random_below(ARRAY_SIZE(tags))];
    unsigned what = (unsigned)random_below(3);
    int error;

    grow_fails = random_below(8) == 0;
    error = what == 0   ? interval_add(set, start, end, tag)
            : what == 1 ? interval_paint(set, start, end, tag)
                        : interval_remove(set, start, end);
    assert_true(!error || (error == -ENOMEM && grow_fails));
    for (paddr_t addr = start; !error && addr < end; addr++) {
        if (what == 0 || (what == 1 && model[addr] != outside))
            model[addr] = tag;
        if (what == 2)
            model[addr] = outside;
    }
}

static void like_one_tag_per_address(void **state)
{
    struct interval_set set;

    (void)state;
    for (paddr_t addr = 0; addr < SPACE; addr++)
        model[addr] = outside;
    interval_init(&set, NULL, 0, grow, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        step(&set);
        check_set(&set);
        check_queries(&set);
    }
    free(set.ranges);
}

static void memory_of_a_board(void **state)
{
    struct interval array[16];
    struct interval_set set;
    paddr_t at;

    (void)state;
    interval_init(&set, array, ARRAY_SIZE(array), NULL, NULL);
    assert_int_equal(interval_add(&set, 0x80000000, 0x280000000, ram), 0);
    assert_int_equal(interval_add(&set, 0x280000000, 0x400000000, ram), 0);
    assert_int_equal(set.count, 1);
    assert_int_equal(interval_paint(&set, 0x80200000, 0x80a00000, image), 0);
    assert_int_equal(interval_remove(&set, 0x80000000, 0x80080000), 0);
    assert_int_equal(set.count, 3);
    assert_int_equal(interval_find_low(&set, 4096, 4096, 0, ~0ul, ram, &at), 0);
    assert_true(at == 0x80080000);
    assert_int_equal(interval_find_low(&set, 2 * MiB, 2 * MiB, 0, ~0ul, ram, &at), 0);
    assert_true(at == 0x80a00000);
    assert_int_equal(interval_find_high(&set, 4096, 4096, 0, 0x100000000, ram, &at), 0);
    assert_true(at == 0xfffff000);
    assert_true(interval_total(&set, image) == 8 * MiB);
}

static void ends_of_the_address_space(void **state)
{
    struct interval array[4];
    struct interval_set set;
    paddr_t at;

    (void)state;
    interval_init(&set, array, ARRAY_SIZE(array), NULL, NULL);
    assert_int_equal(interval_add(&set, 8, 4, ram), -EINVAL);
    assert_int_equal(interval_add(&set, 0, 0, ram), 0);
    assert_int_equal(interval_add(&set, ~0ul - 0xfff, ~0ul, ram), 0);
    assert_int_equal(interval_find_low(&set, 1, 0x2000, 0, ~0ul, ram, &at), -ENOENT);
    assert_int_equal(interval_find_low(&set, ~0ul, 1, 0, ~0ul, ram, &at), -ENOENT);
    assert_int_equal(interval_find_high(&set, ~0ul, 1, 0, ~0ul, ram, &at), -ENOENT);
    assert_int_equal(interval_find_low(&set, 0xfff, 0x1000, 0, ~0ul, ram, &at), 0);
    assert_true(at == ~0ul - 0xfff);
    assert_int_equal(interval_add(&set, 0, 0x1000, ram), 0);
    assert_int_equal(interval_find_low(&set, 0x1000, 0x1000, 0, 1, ram, &at), -ENOENT);
    assert_int_equal(interval_find_low(&set, 0x1000, 0x1000, 0, ~0ul, ram, &at), 0);
    assert_int_equal(at, 0);
    assert_int_equal(interval_remove(&set, 0x100, 0x200), 0); /* the last two places */
    assert_int_equal(set.count, 3);
    assert_int_equal(interval_remove(&set, 0x300, 0x400), -ENOMEM);
    assert_int_equal(set.count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_one_tag_per_address),
        cmocka_unit_test(memory_of_a_board),
        cmocka_unit_test(ends_of_the_address_space),
    };

    random_start("test_lib_interval");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
