/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/libfdt_oracle.c lib/string_extra.c
// libs: -lfdt
/*
 * The device tree reader against libfdt: on our own trees, on those that an emulator makes, and on
 * thousands of damaged copies of them. Damage may make either refuse; what both accept they must
 * read alike, and nothing may crash either way. Node handles are offsets in both, so they compare
 * directly.
 */
#include "fdt_compare.h" /* before the macros of cmocka */

#include "lib_test.h"

#ifndef MUTANTS
#define MUTANTS 2000 /* for each tree */
#endif

/* Damages a few places: bytes anywhere, words of the header and of the structure block. */
static void damage(struct blob *blob)
{
    static const u32 words[] = {0, 1, 2, 3, 4, 8, 9, 0x10, 0x7fffffff, 0x80000000, 0xffffffff};

    for (u64 n = 1 + random_below(3); n; n--) {
        u8 *word = blob->data + 4 * random_below(blob->size / 4);

        switch (random_below(4)) {
        case 0:
            blob->data[random_below(blob->size)] ^= (u8)(1 << random_below(8));
            break;
        case 1:
            be32_put(word, words[random_below(ARRAY_SIZE(words))]);
            break;
        case 2:
            be32_put(word, be32_get(word) + (u32)random_below(9) - 4);
            break;
        default:
            be32_put(word, be32_get(blob->data + 4 * random_below(blob->size / 4)));
        }
    }
}

/* Chance seldom puts a nop where one may be. */
static void check_blob_with_nops(const struct blob *blob)
{
    struct blob copy = blob_copy(blob, blob->size);
    int node = -1;

    while ((node = oracle_next_node(copy.data, node)) >= 0)
        oracle_nop_first_prop(copy.data, node);
    assert_true(compare(&copy));
    blob_free(&copy);
}

/* Both accept the blob as it is; of its damaged copies, some must still be accepted. */
static void check_blob_and_mutants(const struct blob *blob)
{
    int both = 0;

    assert_true(compare(blob));
    check_blob_with_nops(blob);
    for (int i = 0; i < MUTANTS; i++) {
        struct blob copy = blob_copy(blob, random_below(4) ? blob->size : random_below(blob->size));

        if (copy.size > FDT_HEADER_SIZE) {
            if (random_below(2))
                be32_put(copy.data + 4, (u32)copy.size);
            damage(&copy);
        }
        both += compare(&copy);
        blob_free(&copy);
    }
    assert_in_range(both, MUTANTS / 50, MUTANTS);
}

static void our_own_trees(void **state)
{
    static const char *const names[] = {"virt", "board", "odd", "no-memory"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct blob blob = blob_from_dts(names[i]);

        assert_int_not_equal(blob.size, 0);
        check_blob_and_mutants(&blob);
        blob_free(&blob);
    }
}

static void emulated(const char *machine)
{
    char command[200];
    struct blob blob;

    snprintf(command, sizeof(command),
             "f=$(mktemp) && qemu-system-riscv64 -M %s,dumpdtb=$f -display none -m 1G -smp 5 "
             ">/dev/null 2>&1 && cat $f; s=$?; rm -f $f; exit $s",
             machine);
    blob = blob_from_command(command);
    if (!blob.size)
        skip();
    blob.size = oracle_pack(blob.data);
    blob.data = realloc(blob.data, blob.size);
    check_blob_and_mutants(&blob);
    blob_free(&blob);
}

static void the_emulators_virt(void **state)
{
    (void)state;
    emulated("virt");
}

static void the_emulators_sifive_u(void **state)
{
    (void)state;
    emulated("sifive_u");
}

/* QUIRE_DTB="a.dtb b.dtb": more trees, say those of boards. */
static void trees_from_the_environment(void **state)
{
    char *names = strdup(getenv("QUIRE_DTB")), *save, command[512];

    (void)state;
    for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
        struct blob blob;

        snprintf(command, sizeof(command), "cat '%s'", name);
        blob = blob_from_command(command);
        assert_int_not_equal(blob.size, 0);
        check_blob_and_mutants(&blob);
        blob_free(&blob);
    }
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_trees),
        cmocka_unit_test(the_emulators_virt),
        cmocka_unit_test(the_emulators_sifive_u),
        cmocka_unit_test(trees_from_the_environment),
    };

    if (!getenv("QUIRE_DTB"))
        cmocka_set_skip_filter("trees_from_the_environment");
    random_start("test_lib_fdt_libfdt");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
