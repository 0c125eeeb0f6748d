/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/symtab.c
/*
 * Names of addresses: a table written by hand, random good tables against a second way to read them,
 * and tables that break each rule, one by one and all at once.
 */
#include "lib_test.h"
#include <lib/symtab.h>
#include <string.h>

#define BASE      0xffffffff80000000ul
#define PART_MOST 4096

struct part {
    u8 bytes[PART_MOST];
    size_t size;
};

/* A table in the making; `pairs` counts bytes too. */
struct draft {
    struct part letters, pairs, gaps, names;
};

static void put(struct part *part, u8 byte)
{
    assert_true(part->size < PART_MOST);
    part->bytes[part->size++] = byte;
}

static void put_all(struct part *part, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put(part, ((const u8 *)bytes)[i]);
}

static void put_gap(struct part *part, u64 bytes)
{
    u64 left = bytes / 2;

    for (; left >= 0x80; left >>= 7)
        put(part, (u8)(left | 0x80));
    put(part, (u8)left);
}

static const u8 *append(u8 **at, const struct part *part)
{
    const u8 *start = *at;

    memcpy(*at, part->bytes, part->size);
    *at += part->size;
    return start;
}

/* In memory of just that size, so that the sanitizer sees a byte too far; `letters` is to be freed. */
static struct symtab lay_out(const struct draft *draft, u64 size)
{
    u8 *at = malloc(draft->letters.size + draft->pairs.size + draft->gaps.size + draft->names.size);
    struct symtab table = {.base = BASE, .end = BASE + size};

    assert_non_null(at);
    table.letters = append(&at, &draft->letters);
    table.pairs = append(&at, &draft->pairs);
    table.gaps = append(&at, &draft->gaps);
    table.names = append(&at, &draft->names);
    table.names_end = at;
    return table;
}

/* Looks `offset` up in a table made of the draft, which is 0x100 bytes long; NULL or a static buffer. */
static const char *name_in(const struct draft *draft, u64 offset, u64 *delta)
{
    static char name[64];
    struct symtab table = lay_out(draft, 0x100);
    bool found = symtab_lookup(&table, BASE + offset, name, sizeof(name), delta);

    free((void *)table.letters);
    return found ? name : NULL;
}

/* "one" at 0x10, "ton" at 0x50, "tone" at 0x54; codes: NUL e n o t, then on, one, ton, one-NUL. */
static struct draft by_hand(void)
{
    static const u8 pairs[] = {3, 2, 5, 1, 4, 5, 6, 0}, gaps[] = {8, 32, 2},
                    names[] = {8, 7, 0, 4, 8};
    struct draft draft = {0};

    put_all(&draft.letters, "\0enot", 5);
    put_all(&draft.pairs, pairs, sizeof(pairs));
    put_all(&draft.gaps, gaps, sizeof(gaps));
    put_all(&draft.names, names, sizeof(names));
    return draft;
}

static void finds_the_function_around(void **state)
{
    const struct draft draft = by_hand();
    u64 delta = 99;

    (void)state;
    assert_null(name_in(&draft, -1ul, &delta));
    assert_null(name_in(&draft, 0xf, &delta));
    assert_null(name_in(&draft, 0x100, &delta));
    assert_int_equal(delta, 99);
    assert_string_equal(name_in(&draft, 0x10, &delta), "one");
    assert_int_equal(delta, 0);
    assert_string_equal(name_in(&draft, 0x4f, &delta), "one");
    assert_int_equal(delta, 0x3f);
    assert_string_equal(name_in(&draft, 0x53, &delta), "ton");
    assert_string_equal(name_in(&draft, 0xff, &delta), "tone");
    assert_int_equal(delta, 0xab);
}

static void knows_nothing_without_a_table(void **state)
{
    const struct draft empty = {0};
    u64 delta = 99;

    (void)state;
    assert_null(name_in(&empty, 0, &delta));
    assert_null(name_in(&empty, 0x80, &delta));
    assert_int_equal(delta, 99);
}

static void cuts_what_does_not_fit(void **state)
{
    const struct draft draft = by_hand();
    struct symtab table = lay_out(&draft, 0x100);
    u64 delta;

    (void)state;
    for (size_t size = 1; size <= 6; size++) {
        char *name = malloc(size);

        assert_true(symtab_lookup(&table, BASE + 0x60, name, size, &delta));
        assert_int_equal(strlen(name), size > 4 ? 4 : size - 1);
        assert_memory_equal(name, "tone", strlen(name));
        free(name);
    }
    free((void *)table.letters);
}

/* --- many names ----------------------------------------------------------------------------- */

/* What each code stands for, written out as the pairs are made. */
struct words {
    char text[256][SYMTAB_NAME_MOST + 1];
    size_t size[256];
    u32 nest[256];
    u32 count;
};

static void random_letters(struct draft *draft, struct words *words)
{
    for (u32 code = 0; code < 37; code++) {
        words->text[code][0] = "\0abcdefghijklmnopqrstuvwxyz_0123456789"[code];
        words->size[code] = 1;
        words->nest[code] = 0;
        put(&draft->letters, (u8)words->text[code][0]);
    }
    words->count = 37;
}

/* Short enough that names are, with ends in the middle or not, and now and then as deep as may be. */
static void random_pair(struct draft *draft, struct words *words)
{
    u32 left = (u32)random_below(words->count), right = (u32)random_below(words->count);
    u32 nest = 1 + MAX(words->nest[left], words->nest[right]);
    u32 code = words->count;

    if (nest > SYMTAB_NEST_MOST || words->size[left] + words->size[right] > 40)
        return;
    memcpy(words->text[code], words->text[left], words->size[left]);
    memcpy(words->text[code] + words->size[left], words->text[right], words->size[right]);
    words->size[code] = words->size[left] + words->size[right];
    words->nest[code] = nest;
    words->count++;
    put(&draft->pairs, (u8)left);
    put(&draft->pairs, (u8)right);
}

/* Names of random codes, with their text for comparison; how many of them end. */
static u32 random_names(struct draft *draft, const struct words *words, char *text)
{
    u32 ends = 0;

    for (u32 i = 0, since = 0; i < 1000 || since; i++) {
        u32 code = since > 3 || i >= 1000 ? 0 : (u32)random_below(words->count);

        put(&draft->names, (u8)code);
        memcpy(text, words->text[code], words->size[code]);
        since = text[words->size[code] - 1] ? since + 1 : 0;
        for (size_t k = 0; k < words->size[code]; k++)
            ends += !*text++;
    }
    return ends;
}

static void expect(const struct symtab *table, u64 offset, const char *want, u64 want_delta)
{
    char name[SYMTAB_NAME_MOST + 1];
    u64 delta = 0;

    assert_true(symtab_lookup(table, table->base + offset, name, sizeof(name), &delta));
    assert_string_equal(name, want);
    assert_int_equal(delta, want_delta);
}

static void reads_back_many_names(void **state)
{
    static struct draft draft;
    static struct words words;
    static char text[2000 * 40];
    static u64 begins[PART_MOST];

    (void)state;
    memset(&draft, 0, sizeof(draft));
    random_letters(&draft, &words);
    while (words.count < 256)
        random_pair(&draft, &words);
    u32 count = random_names(&draft, &words, text);
    u64 end = 0;
    count = MIN(count, 1000u);
    for (u32 i = 0; i < count; i++) {
        u64 gap = 2 + 2 * (random_skewed() & 0x3fff);

        put_gap(&draft.gaps, gap);
        begins[i] = end += gap;
    }
    struct symtab table = lay_out(&draft, end + 2);
    const char *want = text;
    for (u32 i = 0; i < count; i++, want += strlen(want) + 1) {
        u64 length = (i + 1 < count ? begins[i + 1] : end + 2) - begins[i];
        u64 inside = random_below(length);

        expect(&table, begins[i], want, 0);
        expect(&table, begins[i] + inside, want, inside);
        expect(&table, begins[i] + length - 1, want, length - 1);
    }
    free((void *)table.letters);
}

/* --- bad tables ----------------------------------------------------------------------------- */

static void refuses_gaps_that_do_not_end(void **state)
{
    struct draft draft = by_hand();
    u64 delta = 99;

    (void)state;
    draft.gaps.bytes[2] |= 0x80; /* the next byte, a name's, would end it */
    assert_string_equal(name_in(&draft, 0x10, &delta), "one");
    delta = 99;
    assert_null(name_in(&draft, 0x50, &delta));
    draft.gaps.size = 0;
    for (int i = 0; i < 12; i++)
        put(&draft.gaps, 0x80);
    put(&draft.gaps, 0);
    assert_null(name_in(&draft, 0x50, &delta));
    assert_int_equal(delta, 99);
}

static void refuses_names_that_are_missing(void **state)
{
    struct draft draft = by_hand();
    u64 delta;

    (void)state;
    draft.names.size = 4; /* "t", and no end */
    assert_string_equal(name_in(&draft, 0x50, &delta), "ton");
    assert_null(name_in(&draft, 0x54, &delta));
    draft.names.size = 3;
    assert_null(name_in(&draft, 0x54, &delta));
    draft.names.size = 0;
    assert_null(name_in(&draft, 0x10, &delta));
}

static void refuses_codes_that_are_not(void **state)
{
    struct draft draft = by_hand();
    u64 delta;

    (void)state;
    draft.names.bytes[0] = 9; /* the first behind the last pair */
    assert_null(name_in(&draft, 0x10, &delta));
    draft.names.bytes[0] = 255;
    assert_null(name_in(&draft, 0x10, &delta));
    draft = by_hand();
    draft.pairs.size--; /* half a pair */
    assert_null(name_in(&draft, 0x10, &delta));
    draft.pairs.size = 0;
    assert_null(name_in(&draft, 0x10, &delta));
    draft.letters.size = 0;
    assert_null(name_in(&draft, 0x10, &delta));
}

/* Otherwise the reader could go in a circle. */
static void refuses_pairs_of_later_ones(void **state)
{
    u64 delta;

    (void)state;
    for (u32 i = 0; i < 8; i++) {
        for (u32 later = 0; later < 2; later++) {
            struct draft draft = by_hand();

            draft.pairs.bytes[i] = (u8)(5 + i / 2 + later);
            draft.names.bytes[0] = (u8)(5 + i / 2);
            assert_null(name_in(&draft, 0x10, &delta));
        }
    }
}

/* Each pair is the one before and a NUL: pair i nests i + 1 deep and begins a name of one letter. */
static void refuses_pairs_nested_too_deep(void **state)
{
    struct draft draft = {0};
    u64 delta;

    (void)state;
    put_all(&draft.letters, "\0x", 2);
    for (u8 i = 0; i < 20; i++) {
        put(&draft.pairs, i ? i + 1 : 1);
        put(&draft.pairs, 0);
    }
    put_gap(&draft.gaps, 0);
    put(&draft.names, 2 + SYMTAB_NEST_MOST - 1);
    assert_string_equal(name_in(&draft, 0, &delta), "x");
    draft.names.bytes[0] = 2 + SYMTAB_NEST_MOST;
    assert_null(name_in(&draft, 0, &delta));
}

/* Each pair is a letter and the pair before, or that twice: shallow to read, and far too long. */
static void refuses_names_without_end(void **state)
{
    struct draft draft = {0};
    u64 delta;

    (void)state;
    put_all(&draft.letters, "\0x", 2);
    for (u32 i = 0; i < SYMTAB_NAME_MOST; i++)
        put(&draft.names, 1);
    put(&draft.names, 0);
    put_gap(&draft.gaps, 0);
    assert_int_equal(strlen(name_in(&draft, 0, &delta)), 63); /* cut, but good */
    draft.names.bytes[draft.names.size - 1] = 1;
    put(&draft.names, 0);
    assert_null(name_in(&draft, 0, &delta));
    for (u8 i = 0; i < 250; i++) {
        put(&draft.pairs, i % 32 || !i ? 1 : (u8)(i + 1));
        put(&draft.pairs, (u8)(i + 1));
    }
    draft.names.size = 0;
    put(&draft.names, 251);
    assert_null(name_in(&draft, 0, &delta));
}

static void random_part(struct part *part, size_t most)
{
    part->size = random_below(most);
    for (size_t i = 0; i < part->size; i++)
        part->bytes[i] = (u8)random_skewed();
}

static void survives_noise(void **state)
{
    static struct draft draft;
    u64 delta;
    u32 found = 0;

    (void)state;
    for (u32 i = 0; i < 20000; i++) {
        random_part(&draft.letters, 40);
        random_part(&draft.pairs, 2 * 220);
        random_part(&draft.gaps, 50);
        random_part(&draft.names, 400);
        const char *name = name_in(&draft, random_below(0x100), &delta);
        if (name) {
            assert_true(strlen(name) < 64 && delta < 0x100);
            found++;
        }
    }
    assert_true(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_function_around),
        cmocka_unit_test(knows_nothing_without_a_table),
        cmocka_unit_test(cuts_what_does_not_fit),
        cmocka_unit_test(reads_back_many_names),
        cmocka_unit_test(refuses_gaps_that_do_not_end),
        cmocka_unit_test(refuses_names_that_are_missing),
        cmocka_unit_test(refuses_codes_that_are_not),
        cmocka_unit_test(refuses_pairs_of_later_ones),
        cmocka_unit_test(refuses_pairs_nested_too_deep),
        cmocka_unit_test(refuses_names_without_end),
        cmocka_unit_test(survives_noise),
    };

    random_start("symtab");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
