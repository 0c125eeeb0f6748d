/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/bitmap.c lib/bits.c lib/chacha20.c
/*
 * The small pieces: lists, bitmaps, bits, hashes, byte orders, error pointers, ChaCha20.
 */
#define BITS_HAVE_BUILTINS 0 /* what cores without Zbb run */
#include <lib/bits.h>

#include "lib_test.h"
#include <lib/bitmap.h>
#include <lib/chacha20.h>
#include <lib/endian.h>
#include <lib/err.h>
#include <lib/hash.h>
#include <lib/list.h>
#include <string.h>

struct element {
    int value;
    struct list link;
};

/* The list's values as a number: 1, 2, 3 give 123. */
static long digits_of(const struct list *head)
{
    const struct element *e;
    long digits = 0, backwards = 0, unit = 1;
    const struct list *link;

    list_for_each_entry (e, head, link)
        digits = digits * 10 + e->value;
    for (link = head->prev; link != head; link = link->prev) {
        backwards += unit * list_entry(link, struct element, link)->value;
        unit *= 10;
    }
    assert_int_equal(digits, backwards);
    return digits;
}

static void lists_link_and_unlink(void **state)
{
    struct list head = LIST_INIT(head), other = LIST_INIT(other);
    struct element e[6], *pos, *tmp;

    (void)state;
    assert_true(list_empty(&head));
    assert_null(list_first(&head));
    assert_null(list_last(&head));
    assert_null(list_pop_front(&head));
    for (int i = 0; i < 6; i++) {
        e[i].value = i;
        list_init(&e[i].link);
        assert_false(list_linked(&e[i].link));
    }
    list_push_back(&head, &e[2].link);
    list_push_back(&head, &e[3].link);
    list_push_front(&head, &e[1].link);
    assert_int_equal(digits_of(&head), 123);
    list_insert_after(&e[1].link, &e[4].link);
    list_insert_before(&e[3].link, &e[5].link);
    assert_int_equal(digits_of(&head), 14253);
    assert_ptr_equal(list_first(&head), &e[1].link);
    assert_ptr_equal(list_last(&head), &e[3].link);
    assert_ptr_equal(list_first_entry(&head, struct element, link), &e[1]);
    list_remove(&e[2].link);
    list_remove(&e[2].link);
    assert_false(list_linked(&e[2].link));
    assert_int_equal(digits_of(&head), 1453);
    list_move_back(&head, &e[1].link);
    assert_int_equal(digits_of(&head), 4531);
    list_push_back(&other, &e[2].link);
    list_splice_back(&other, &head);
    assert_true(list_empty(&head));
    list_splice_back(&other, &head);
    assert_int_equal(digits_of(&other), 24531);
    list_for_each_entry_safe (pos, tmp, &other, link) {
        if (pos->value % 2)
            list_remove(&pos->link);
    }
    assert_int_equal(digits_of(&other), 24);
    assert_ptr_equal(list_pop_front(&other), &e[2].link);
    assert_int_equal(digits_of(&other), 4);
}

#define BITS 300u

static bool model[BITS];

static size_t model_next(bool wanted, size_t from)
{
    while (from < BITS && model[from] != wanted)
        from++;
    return MIN(from, BITS);
}

static size_t model_end(void)
{
    size_t end = BITS;

    while (end && !model[end - 1])
        end--;
    return end;
}

static size_t model_run(size_t from, size_t count, size_t align)
{
    for (size_t at = ALIGN_UP(from, align); at + count <= BITS && at < BITS; at += align) {
        size_t n = 0;

        while (n < count && !model[at + n])
            n++;
        if (n == count)
            return at;
    }
    return BITS;
}

static void bitmaps_like_arrays_of_bool(void **state)
{
    unsigned long map[BITMAP_WORDS(BITS)] = {0};

    (void)state;
    map[BITMAP_WORDS(BITS) - 1] = ~0ul
                                  << BITS % 64; /* what lies past the end is not our business */
    for (int round = 0; round < 20000; round++) {
        size_t first = random_below(BITS), count = random_below(MIN(BITS - first, 90u) + 1);
        size_t align = 1ul << random_below(5), total = 0;
        bool set = random_below(2);

        if (random_below(2)) {
            (set ? bitmap_set_range : bitmap_clear_range)(map, first, count);
            for (size_t i = 0; i < count; i++)
                model[first + i] = set;
        } else {
            (set ? bitmap_set : bitmap_clear)(map, first);
            model[first] = set;
        }
        for (size_t i = 0; i < BITS; i++) {
            assert_int_equal(bitmap_test(map, i), model[i]);
            total += model[i];
        }
        assert_int_equal(bitmap_count(map, BITS), total);
        assert_int_equal(bitmap_next_set(map, BITS, first), model_next(true, first));
        assert_int_equal(bitmap_next_clear(map, BITS, first), model_next(false, first));
        assert_int_equal(bitmap_end(map, BITS), model_end());
        assert_int_equal(bitmap_find_clear_run(map, BITS, first, count + 1, align),
                         model_run(first, count + 1, align));
        assert_int_equal(map[BITMAP_WORDS(BITS) - 1] >> BITS % 64, ~0ul >> BITS % 64);
    }
    assert_int_equal(bitmap_next_set(map, BITS, BITS), BITS);
}

static void bits_like_builtins(void **state)
{
    (void)state;
    for (int round = 0; round < 100000; round++) {
        u64 x = random_skewed() | 1ul << random_below(64);

        assert_int_equal(bits_highest(x), 63 - __builtin_clzl(x));
        assert_int_equal(bits_lowest(x), __builtin_ctzl(x));
        assert_int_equal(bits_count(x), __builtin_popcountl(x));
        assert_int_equal(bits_is_power_of_two(x), __builtin_popcountl(x) == 1);
    }
    assert_int_equal(bits_count(0), 0);
    assert_int_equal(bits_count(~0ul), 64);
    assert_false(bits_is_power_of_two(0));
    assert_int_equal(bits_log2_up(1), 0);
    assert_int_equal(bits_log2_up(2), 1);
    assert_int_equal(bits_log2_up(3), 2);
    assert_int_equal(bits_log2_up(4096), 12);
    assert_int_equal(bits_log2_up(4097), 13);
    assert_int_equal(bits_log2_up(1ul << 63), 63);
}

static void alignment_keeps_the_type(void **state)
{
    u32 small = 0x1001;

    (void)state;
    assert_int_equal(ALIGN_UP(0x123456789001ul, 4096), 0x12345678a000ul);
    assert_int_equal(ALIGN_DOWN(0xffffffff80000fffUL, 4096u), 0xffffffff80000000UL);
    assert_int_equal(ALIGN_UP(small, 4096), 0x2000);
    assert_true(is_aligned(0x2000, 4096) && !is_aligned(0x2008, 4096));
}

static void byte_orders(void **state)
{
    const u8 bytes[9] = {0xff, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88};
    u8 out[4];

    (void)state;
    assert_int_equal(be32_get(bytes + 1), 0x81828384u);
    assert_true(be64_get(bytes + 1) == 0x8182838485868788ul);
    assert_int_equal(le16_get(bytes + 1), 0x8281);
    assert_int_equal(le32_get(bytes + 1), 0x84838281u);
    assert_true(le64_get(bytes + 1) == 0x8887868584838281ul);
    le32_put(out, 0x84838281u);
    assert_memory_equal(out, bytes + 1, 4);
}

static void errors_in_pointers(void **state)
{
    int object;

    (void)state;
    assert_true(IS_ERR(ERR_PTR(-ENOMEM)));
    assert_int_equal(PTR_ERR(ERR_PTR(-ENOMEM)), -12);
    assert_true(IS_ERR(ERR_PTR(-ERRNO_MAX)));
    assert_false(IS_ERR(ERR_PTR(-ERRNO_MAX - 1)));
    assert_false(IS_ERR(&object) || IS_ERR(NULL));
    assert_true(IS_ERR_OR_NULL(NULL) && IS_ERR_OR_NULL(ERR_PTR(-1)) && !IS_ERR_OR_NULL(&object));
}

static void hashes_known_and_spread(void **state)
{
    unsigned buckets[64] = {0};

    (void)state;
    /* Test vectors of the FNV authors. */
    assert_true(hash_string("") == 0xcbf29ce484222325ul);
    assert_true(hash_string("foobar") == 0x85944171f73967e8ul);
    assert_true(hash_bytes("foobar", 6) == hash_string("foobar"));
    for (u64 i = 0; i < 6400; i++)
        buckets[hash_u64(0xffffffc080000000ul + (i << 12)) % 64]++;
    for (int i = 0; i < 64; i++)
        assert_in_range(buckets[i], 50, 200);
}

/* RFC 8439, section 2.3.2. */
static void chacha20_test_vector(void **state)
{
    static const u8 want[CHACHA20_BLOCK] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    const u32 nonce[3] = {0x09000000, 0x4a000000, 0};
    u32 key[8];
    u8 out[CHACHA20_BLOCK];

    (void)state;
    for (u32 i = 0; i < 8; i++)
        key[i] = 0x03020100 + 0x04040404 * i;
    chacha20_block(key, 1, nonce, out);
    assert_memory_equal(out, want, sizeof(want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_link_and_unlink),
        cmocka_unit_test(bitmaps_like_arrays_of_bool),
        cmocka_unit_test(bits_like_builtins),
        cmocka_unit_test(alignment_keeps_the_type),
        cmocka_unit_test(byte_orders),
        cmocka_unit_test(errors_in_pointers),
        cmocka_unit_test(hashes_known_and_spread),
        cmocka_unit_test(chacha20_test_vector),
    };

    random_start("test_lib_containers");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
