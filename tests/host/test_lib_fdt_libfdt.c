/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/libfdt_oracle.c lib/string_extra.c
// libs: -lfdt
/*
 * The device tree reader against libfdt: on our own trees, on those that an emulator makes, and on
 * thousands of damaged copies of them. Damage may make either refuse; what both accept they must
 * read alike, and nothing may crash either way. Node handles are offsets in both, so they compare directly.
 *
 * The reader is included, under other names where libfdt has the same ones, and before cmocka's
 * macros.
 */
#include "fdt_blobs.h"

#define fdt_next_node  quire_fdt_next_node
#define fdt_string     quire_fdt_string
#define fdt_get_string quire_fdt_get_string
#include "../../lib/fdt.c"
#include "../../lib/fdt_check.c"
#include "../../lib/fdt_irq.c"
#include "../../lib/fdt_reg.c"

#include "lib_test.h"
#include "libfdt_oracle.h"

#ifndef MUTANTS
#define MUTANTS 2000 /* for each tree */
#endif

static struct fdt tree; /* of the blob under comparison */

/* Both name the same node, or both say that there is none. */
#define assert_same_node(ours, theirs) assert_int_equal(node_or_none(ours), node_or_none(theirs))

static int node_or_none(int node)
{
    return node >= 0 ? node : -1;
}

static void compare_walks(const u8 *blob, int node)
{
    assert_same_node(fdt_next_node(&tree, node), oracle_next_node(blob, node));
    assert_same_node(fdt_first_child(&tree, node), oracle_first_child(blob, node));
    assert_same_node(fdt_next_sibling(&tree, node), oracle_next_sibling(blob, node));
    assert_same_node(fdt_parent(&tree, node), oracle_parent(blob, node));
    assert_string_equal(fdt_node_name(&tree, node), oracle_name(blob, node));
}

static void compare_paths(const u8 *blob, int node)
{
    char ours[512], theirs[512];

    if (oracle_path(blob, node, theirs, sizeof(theirs)))
        return;
    fdt_node_path(&tree, node, ours, sizeof(ours));
    assert_string_equal(ours, theirs);
    assert_same_node(fdt_find_path(&tree, ours), oracle_find_path(blob, ours));
    if (strrchr(ours, '@')) { /* and without the last unit address */
        *strrchr(ours, '@') = '\0';
        assert_same_node(fdt_find_path(&tree, ours), oracle_find_path(blob, ours));
    }
}

static void compare_props(const u8 *blob, int node)
{
    struct fdt_prop ours;
    const char *name, *their_name;
    const void *theirs;
    int i = 0, len;
    u32 pos = 0;

    while ((name = fdt_next_prop(&tree, node, &pos, &ours))) {
        theirs = oracle_prop(blob, node, i++, &their_name, &len);
        assert_ptr_equal(ours.data, theirs);
        assert_int_equal(ours.len, len);
        assert_string_equal(name, their_name);
        assert_true(fdt_get(&tree, node, name, &ours));
        assert_ptr_equal(ours.data, oracle_get(blob, node, name, &len));
        assert_int_equal(ours.len, len);
    }
    assert_null(oracle_prop(blob, node, i, &their_name, &len));
}

/*
 * Where libfdt itself goes astray there is nothing to compare: with a slash in a name its paths are
 * wrong, and it reads past a `compatible` that is not terminated or when asked for "".
 */
static bool libfdt_can_read(void)
{
    struct fdt_prop prop;
    int node;

    fdt_for_each_node(node, &tree)
    {
        if (strchr(fdt_node_name(&tree, node), '/'))
            return false;
        if (fdt_get(&tree, node, "compatible", &prop) && prop.len && prop.data[prop.len - 1])
            return false;
    }
    return true;
}

static void compare_compatible(const u8 *blob, int node)
{
    struct fdt_prop prop;
    const char *string;

    if (!fdt_get(&tree, node, "compatible", &prop))
        return;
    for (u32 i = 0; (string = fdt_string(&prop, i)); i++) {
        if (!*string)
            continue;
        assert_true(fdt_compatible(&tree, node, string));
        assert_true(oracle_compatible(blob, node, string));
        assert_same_node(fdt_next_compatible(&tree, -1, string),
                         oracle_next_compatible(blob, -1, string));
        assert_same_node(fdt_next_compatible(&tree, node, string),
                         oracle_next_compatible(blob, node, string));
    }
}

static void compare_phandle(const u8 *blob, int node)
{
    u32 phandle;

    if (fdt_get_u32(&tree, node, "phandle", &phandle))
        return;
    assert_int_equal(phandle, oracle_phandle(blob, node));
    assert_same_node(fdt_find_by_phandle(&tree, phandle), oracle_find_by_phandle(blob, phandle));
}

/* What libfdt has no word for must at least not go astray. */
static void exercise(int node)
{
    char buf[16];
    struct fdt_irq irq;
    u64 addr, size;
    u32 pos = 0;

    for (u32 i = 0; !fdt_reg(&tree, node, i, &addr, &size); i++)
        assert_int_equal(fdt_reg_raw(&tree, node, i, &addr, &size), 0);
    while (fdt_irq_next(&tree, node, &pos, &irq) == 1)
        assert_true(irq.count <= FDT_IRQ_MAX_CELLS);
    fdt_status_okay(&tree, node);
    fdt_node_path(&tree, node, buf, sizeof(buf));
}

static void compare_reservations(const u8 *blob)
{
    int count = oracle_reserved_count(blob);
    u64 addr, size, their_addr, their_size;

    assert_int_equal(tree.reserve_count, count);
    for (int i = 0; i < count; i++) {
        assert_true(fdt_reserved(&tree, (u32)i, &addr, &size));
        oracle_reserved(blob, i, &their_addr, &their_size);
        assert_true(addr == their_addr && size == their_size);
    }
}

/* Whether both accept the blob; then they must agree on all of it. */
static bool compare(const struct blob *blob)
{
    int error = fdt_check(blob->data, blob->size, &tree);
    u32 count = 0;
    int node;

    assert_int_equal(!error, !tree.reason);
    if (error)
        return false;
    fdt_for_each_node(node, &tree)
    {
        exercise(node);
        count++;
    }
    assert_int_equal(count, tree.node_count);
    fdt_stdout(&tree, NULL);
    if (!oracle_accepts(blob->data, blob->size) || !libfdt_can_read())
        return false;
    compare_reservations(blob->data);
    fdt_for_each_node(node, &tree)
    {
        compare_walks(blob->data, node);
        compare_paths(blob->data, node);
        compare_props(blob->data, node);
        compare_compatible(blob->data, node);
        compare_phandle(blob->data, node);
    }
    return true;
}

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

/* Both accept the blob as it is; of its damaged copies, some must still be accepted. */
static void check_blob_and_mutants(const struct blob *blob)
{
    int both = 0;

    assert_true(compare(blob));
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
    char *names = getenv("QUIRE_DTB") ? strdup(getenv("QUIRE_DTB")) : NULL, *save, command[512];

    (void)state;
    if (!names)
        skip();
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

    random_start("test_lib_fdt_libfdt");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
