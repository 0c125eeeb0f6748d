/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fdt_irq.c lib/string_extra.c
/*
 * The device tree reader on trees of our own: what it finds on a board, what it refuses in a tree
 * that makes no sense, and what it says about blobs that are broken.
 */
#define _GNU_SOURCE /* memmem */
#include "fdt_blobs.h"
#include "lib_test.h"
#include <lib/errno.h>
#include <lib/fdt.h>
#include <lib/string.h>

static struct blob virt_blob, board_blob, odd_blob;
static struct fdt virt, board, odd;

/* Changes the only string of that kind in the blob. */
static void patch_string(struct blob *blob, const char *old, const char *with)
{
    u8 *at = memmem(blob->data, blob->size, old, strlen(old) + 1);

    assert_non_null(at);
    memcpy(at, with, strlen(old));
}

static void load(const char *name, struct blob *blob, struct fdt *fdt)
{
    *blob = blob_from_dts(name);
    assert_int_not_equal(blob->size, 0);
    if (!strcmp(name, "odd")) {
        patch_string(blob, "#address-cellX", "#address-cells");
        patch_string(blob, "interrupt-parenX", "interrupt-parent");
    }
    if (fdt_check(blob->data, blob->size, fdt))
        fail_msg("%s: %s at %#x", name, fdt->reason, fdt->where);
}

static int load_trees(void **state)
{
    (void)state;
    load("virt", &virt_blob, &virt);
    load("board", &board_blob, &board);
    load("odd", &odd_blob, &odd);
    return 0;
}

static int free_trees(void **state)
{
    (void)state;
    blob_free(&virt_blob);
    blob_free(&board_blob);
    blob_free(&odd_blob);
    return 0;
}

static int at(const struct fdt *fdt, const char *path)
{
    int node = fdt_find_path(fdt, path);

    if (node < 0)
        fail_msg("no %s", path);
    return node;
}

/* --- nodes and properties ------------------------------------------------------------------- */

static void paths_lead_to_nodes(void **state)
{
    char buf[64], tiny[6];
    int node = at(&board, "/soc/apb@2000000/bus@9000/rtc@10");

    (void)state;
    assert_int_equal(at(&board, "/"), FDT_ROOT);
    assert_int_equal(at(&board, "/soc/apb/bus/rtc"), node);
    assert_int_equal(at(&board, "//soc///apb@2000000/bus/rtc@10/"), node);
    assert_string_equal(fdt_node_name(&board, node), "rtc@10");
    assert_string_equal(fdt_node_name(&board, FDT_ROOT), "");
    assert_string_equal(fdt_node_path(&board, node, buf, sizeof(buf)),
                        "/soc/apb@2000000/bus@9000/rtc@10");
    assert_string_equal(fdt_node_path(&board, node, tiny, sizeof(tiny)), "/soc/");
    assert_string_equal(fdt_node_path(&board, FDT_ROOT, buf, sizeof(buf)), "/");
    assert_int_equal(fdt_find_path_n(&board, "/soc/apb/nothing", 8), at(&board, "/soc/apb"));
    assert_int_equal(fdt_find_path(&board, "/soc/apb@2000001"), -ENOENT);
    assert_int_equal(fdt_find_path(&board, "/soc/ap"), -ENOENT);
    assert_int_equal(fdt_find_path(&board, "/memory@8"), -ENOENT);
    assert_int_equal(fdt_find_path(&board, ""), -EINVAL);
    assert_int_equal(fdt_parent(&board, FDT_ROOT), -ENOENT);
    assert_int_equal(fdt_parent(&board, node), at(&board, "/soc/apb/bus"));
}

static void aliases_are_paths(void **state)
{
    const char *options;

    (void)state;
    assert_string_equal(fdt_alias(&board, "serial0"), "/soc/apb@2000000/serial@100");
    assert_null(fdt_alias(&board, "serial"));
    assert_null(fdt_alias(&board, "serial00"));
    assert_null(fdt_alias(&virt, "serial0"));
    assert_null(fdt_alias(&odd, "not-terminated"));
    assert_int_equal(at(&board, "serial1"), at(&board, "/soc/apb/serial@8000"));
    assert_int_equal(fdt_find_path(&board, "nowhere"), -ENOENT);
    assert_int_equal(fdt_find_path(&board, "circle"), -ENOENT);
    assert_int_equal(fdt_stdout(&board, &options), at(&board, "/soc/apb/serial@100"));
    assert_string_equal(options, "115200n8");
    assert_int_equal(fdt_stdout(&virt, &options), at(&virt, "/soc/serial"));
    assert_null(options);
    assert_int_equal(fdt_stdout(&odd, NULL), -ENOENT);
}

static void children_and_siblings(void **state)
{
    int cpus = at(&board, "/cpus"), child, count = 0;

    (void)state;
    fdt_for_each_child (child, &board, cpus) {
        assert_int_equal(fdt_parent(&board, child), cpus);
        assert_int_equal(fdt_next_sibling(&board, fdt_first_child(&board, child)), -ENOENT);
        count++;
    }
    assert_int_equal(count, 5);
    count = 0;
    fdt_for_each_node (child, &board)
        count++;
    assert_int_equal(count, board.node_count);
    assert_int_equal(fdt_next_sibling(&board, FDT_ROOT), -ENOENT);
    assert_int_equal(fdt_find_child(&board, cpus, "cpu"), fdt_first_child(&board, cpus));
    assert_int_equal(fdt_find_child(&board, cpus, "cpu@4"), at(&board, "/cpus/cpu@4"));
}

static void compatible_strings(void **state)
{
    int node = -1, count = 0;

    (void)state;
    while ((node = fdt_next_compatible(&board, node, "sifive,u54-mc")) >= 0) {
        assert_true(fdt_compatible(&board, node, "riscv"));
        assert_false(fdt_compatible(&board, node, "risc"));
        assert_false(fdt_compatible(&board, node, "riscv,"));
        count++;
    }
    assert_int_equal(count, 4);
    assert_int_equal(fdt_next_compatible(&board, -1, "test,board"), FDT_ROOT);
    assert_int_equal(fdt_next_compatible(&board, -1, ""), -ENOENT);
    assert_false(fdt_compatible(&board, at(&board, "/aliases"), "riscv"));
}

static void strings_in_properties(void **state)
{
    int node = at(&odd, "/strings");
    struct fdt_prop prop;

    (void)state;
    assert_true(fdt_get(&odd, node, "two", &prop));
    assert_string_equal(fdt_string(&prop, 0), "first");
    assert_string_equal(fdt_string(&prop, 1), "second");
    assert_null(fdt_string(&prop, 2));
    assert_true(fdt_strings_have(&prop, "second") && !fdt_strings_have(&prop, "secon"));
    assert_false(fdt_strings_have(&prop, "econd"));
    assert_string_equal(fdt_get_string(&odd, node, "empty"), "");
    assert_true(fdt_get(&odd, node, "empty", &prop) && fdt_strings_have(&prop, ""));
    assert_true(fdt_get(&odd, node, "nothing", &prop) && prop.len == 0);
    assert_false(fdt_strings_have(&prop, ""));
    assert_null(fdt_get_string(&odd, node, "nothing"));
    assert_true(fdt_has(&odd, node, "nothing") && !fdt_has(&odd, node, "noth"));
    assert_true(fdt_get(&odd, node, "cut", &prop));
    assert_string_equal(fdt_string(&prop, 0), "ab");
    assert_null(fdt_string(&prop, 1));
    assert_false(fdt_strings_have(&prop, "c"));
    assert_false(fdt_get(&odd, node, "absent", &prop) || prop.data || prop.len);
}

static void numbers_in_properties(void **state)
{
    int node = at(&odd, "/strings");
    u32 value = 7;
    u64 wide = 8;

    (void)state;
    assert_int_equal(fdt_get_u32(&odd, node, "odd-cells", &value), -EINVAL);
    assert_int_equal(fdt_get_u32(&odd, node, "pair", &value), -EINVAL);
    assert_int_equal(fdt_get_u32(&odd, node, "absent", &value), -ENOENT);
    assert_int_equal(fdt_get_u64(&odd, node, "one-and-a-half", &wide), -EINVAL);
    assert_int_equal(fdt_get_u64(&odd, node, "absent", &wide), -ENOENT);
    assert_true(value == 7 && wide == 8);
    assert_int_equal(fdt_get_u32(&odd, node, "one", &value), 0);
    assert_int_equal(value, 1);
    assert_int_equal(fdt_get_u64(&odd, node, "pair", &wide), 0);
    assert_true(wide == 0x100000002ul);
    node = at(&board, "/chosen");
    assert_int_equal(fdt_get_u64(&board, node, "linux,initrd-start", &wide), 0);
    assert_int_equal(wide, 0x84000000);
    assert_int_equal(fdt_get_u64(&board, node, "linux,initrd-end", &wide), 0);
    assert_int_equal(wide, 0x84800000);
}

static void status_words(void **state)
{
    static const char *const okay[] = {"/states/a", "/states/e", "/strings"};
    static const char *const not [] = {"/states/b", "/states/c", "/states/d", "/states/f"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(okay); i++)
        assert_true(fdt_status_okay(&odd, at(&odd, okay[i])));
    for (size_t i = 0; i < ARRAY_SIZE(not ); i++)
        assert_false(fdt_status_okay(&odd, at(&odd, not [i])));
}

static void phandles(void **state)
{
    u32 phandle;

    (void)state;
    assert_int_equal(fdt_get_u32(&board, FDT_ROOT, "interrupt-parent", &phandle), 0);
    assert_int_equal(fdt_find_by_phandle(&board, phandle),
                     at(&board, "/soc/interrupt-controller@c000000"));
    assert_int_equal(fdt_find_by_phandle(&board, 0), -ENOENT);
    assert_int_equal(fdt_find_by_phandle(&board, ~0u), -ENOENT);
    assert_int_equal(fdt_find_by_phandle(&board, 4711), -ENOENT);
}

static void reservation_map(void **state)
{
    u64 addr, size;

    (void)state;
    assert_true(fdt_reserved(&board, 0, &addr, &size));
    assert_true(addr == 0x80000000 && size == 0x40000);
    assert_true(fdt_reserved(&board, 1, &addr, &size));
    assert_true(addr == 0x88000000 && size == 0x10000);
    assert_false(fdt_reserved(&board, 2, &addr, &size));
    assert_false(fdt_reserved(&virt, 0, &addr, &size));
}

static void a_seed_is_erased_in_place(void **state)
{
    struct blob copy = blob_copy(&virt_blob, virt_blob.size);
    struct fdt_prop before, after, args;
    struct fdt fdt;
    int chosen;

    (void)state;
    assert_int_equal(fdt_check(copy.data, copy.size, &fdt), 0);
    chosen = at(&fdt, "/chosen");
    assert_true(fdt_get(&fdt, chosen, "rng-seed", &before));
    assert_int_equal(fdt_cell(&before, 1), 0xe5b38b12);
    assert_int_equal(fdt_erase_prop(&fdt, virt_blob.data, chosen, "rng-seed"), -EINVAL);
    assert_int_equal(fdt_erase_prop(&fdt, copy.data, chosen, "rng-need"), -ENOENT);
    assert_int_equal(fdt_erase_prop(&fdt, copy.data, chosen, "rng-seed"), 0);
    assert_true(fdt_get(&fdt, chosen, "rng-seed", &after));
    assert_true(after.len == 16 && after.data == before.data);
    assert_null(mem_find_not(after.data, 0, after.len));
    assert_true(fdt_get(&fdt, chosen, "bootargs", &args));
    assert_string_equal(fdt_string(&args, 0), "panic=-1 quiet");
    assert_int_equal(fdt_check(copy.data, copy.size, &fdt), 0);
    blob_free(&copy);
}

/* --- addresses ------------------------------------------------------------------------------ */

static void assert_reg(const struct fdt *fdt, const char *path, u32 i, u64 want, u64 want_size)
{
    u64 addr = 0, size = 0;
    int error = fdt_reg(fdt, at(fdt, path), i, &addr, &size);

    if (error || addr != want || size != want_size)
        fail_msg("%s[%u]: %d, %#lx %#lx", path, i, error, addr, size);
}

static void assert_no_reg(const struct fdt *fdt, const char *path, u32 i, int want)
{
    u64 addr = 1, size = 2;
    int error = fdt_reg(fdt, at(fdt, path), i, &addr, &size);

    if (error != want || addr != 1 || size != 2)
        fail_msg("%s[%u]: %d instead of %d", path, i, error, want);
}

static void addresses_are_translated(void **state)
{
    u64 addr, size;

    (void)state;
    assert_reg(&board, "/memory@80000000", 0, 0x80000000, 0x80000000);
    assert_reg(&board, "/memory@80000000", 1, 0x100000000, 0x180000000);
    assert_no_reg(&board, "/memory@80000000", 2, -ENOENT);
    assert_reg(&board, "/memory@1000000000", 0, 0x1000000000, 0x200000000);
    assert_reg(&board, "/reserved-memory/mmode_resv0", 0, 0x80000000, 0x80000);
    assert_reg(&board, "/soc/apb/serial@100", 0, 0x10010100, 0x100);
    assert_reg(&board, "/soc/apb/serial@8000", 0, 0x2010000000, 0x100);
    assert_reg(&board, "/soc/apb/serial@8000", 1, 0x2010007ff0, 0x10);
    assert_reg(&board, "/soc/apb/bus/rtc", 0, 0x2010001010, 0x20);
    assert_reg(&board, "/soc/pcie", 0, 0xe00000000, 0x80000000);
    assert_no_reg(&board, "/soc/pcie/bridge", 0, -EOPNOTSUPP);
    assert_no_reg(&board, "/soc", 0, -ENOENT);
    assert_no_reg(&board, "/", 0, -ENOENT);
    assert_no_reg(&board, "/cpus/cpu@3", 0, -ENXIO);
    assert_int_equal(fdt_reg_raw(&board, at(&board, "/cpus/cpu@3"), 0, &addr, &size), 0);
    assert_true(addr == 3 && size == 0);
    assert_int_equal(fdt_reg_raw(&board, at(&board, "/soc/apb/bus/rtc"), 0, &addr, &size), 0);
    assert_true(addr == 0x10 && size == 0x20);
}

static void addresses_that_make_no_sense(void **state)
{
    (void)state;
    assert_reg(&odd, "/default-cells", 0, 0x100000002, 3);
    assert_no_reg(&odd, "/registers/short", 0, -EINVAL);
    assert_no_reg(&odd, "/registers/ragged", 0, -EINVAL);
    assert_no_reg(&odd, "/registers/empty", 0, -ENOENT);
    assert_no_reg(&odd, "/registers/wraps", 0, -EINVAL);
    assert_reg(&odd, "/registers/last", 0, 0xfffffffffffff000, 0x1000);
    assert_no_reg(&odd, "/registers/last", 1, -ENOENT);
    assert_no_reg(&odd, "/registers/last", ~0u, -ENOENT);
    assert_no_reg(&odd, "/registers/last", 0x40000000, -ENOENT); /* 16 bytes each: wraps in u32 */
    assert_no_reg(&odd, "/three-cells/device", 0, -EOPNOTSUPP);
    assert_no_reg(&odd, "/three-size-cells/device", 0, -EOPNOTSUPP);
    assert_no_reg(&odd, "/no-address-cells/device", 0, -EINVAL);
    assert_no_reg(&odd, "/broken-cells/device", 0, -EINVAL);
    assert_no_reg(&odd, "/no-ranges/device", 0, -ENXIO);
    assert_reg(&odd, "/windows/inside", 0, 0x80001ff0, 0x10);
    assert_reg(&odd, "/windows/second", 0, 0x90000000, 0x1000);
    assert_reg(&odd, "/windows/no-size", 0, 0x80001800, 0);
    assert_no_reg(&odd, "/windows/across", 0, -ENXIO);
    assert_no_reg(&odd, "/windows/before", 0, -ENXIO);
    assert_no_reg(&odd, "/windows/behind", 0, -ENXIO);
    assert_no_reg(&odd, "/windows/at-the-end", 0, -ENXIO);
    assert_no_reg(&odd, "/windows/overflows", 0, -EINVAL);
    assert_no_reg(&odd, "/ragged-window/device", 0, -EINVAL);
}

/* --- interrupts ----------------------------------------------------------------------------- */

static void assert_irq(const struct fdt *fdt, const char *path, u32 i, const char *controller,
                       u32 count, u32 first, u32 second)
{
    struct fdt_irq irq;

    assert_int_equal(fdt_irq_get(fdt, at(fdt, path), i, &irq), 0);
    assert_int_equal(irq.controller, at(fdt, controller));
    assert_int_equal(irq.count, count);
    assert_int_equal(irq.cells[0], first);
    if (count > 1)
        assert_int_equal(irq.cells[1], second);
}

static void assert_no_irq(const char *path, u32 i, int want)
{
    struct fdt_irq irq;
    int error = fdt_irq_get(&odd, at(&odd, path), i, &irq);

    if (error != want)
        fail_msg("%s[%u]: %d instead of %d", path, i, error, want);
}

static void interrupts_find_their_controller(void **state)
{
    static const char plic0[] = "/soc/interrupt-controller@c000000";
    static const char plic1[] = "/soc/interrupt-controller@d000000";
    struct fdt_irq irq;

    (void)state;
    assert_irq(&virt, "/soc/serial", 0, "/soc/plic", 1, 10, 0);
    assert_irq(&board, "/soc/apb/serial@100", 0, plic1, 2, 4, 1);
    assert_irq(&board, "/soc/apb/serial@8000", 1, plic1, 2, 6, 4);
    assert_irq(&board, "/soc/apb/bus/rtc", 0, plic0, 1, 7, 0);
    assert_irq(&board, "/soc/apb/bus/rtc", 1, plic1, 2, 8, 4);
    assert_irq(&board, plic1, 0, plic0, 1, 52, 0);
    assert_int_equal(fdt_irq_get(&board, at(&board, "/soc/apb/serial@100"), 1, &irq), -ENOENT);
    assert_int_equal(fdt_irq_get(&board, at(&board, "/soc/apb"), 0, &irq), -ENOENT);
}

/* The contexts of the PLIC: one on hart 0, two on each of the others. */
static void contexts_in_order(void **state)
{
    int plic = at(&board, "/soc/interrupt-controller@c000000");
    struct fdt_irq irq;
    u32 pos = 0, context = 0;
    u64 hart, size;

    (void)state;
    while (fdt_irq_next(&board, plic, &pos, &irq) == 1) {
        assert_int_equal(fdt_reg_raw(&board, fdt_parent(&board, irq.controller), 0, &hart, &size),
                         0);
        assert_int_equal(hart, (context + 1) / 2);
        assert_int_equal(irq.cells[0], context && context % 2 == 0 ? 9u : ~0u);
        context++;
    }
    assert_int_equal(context, 9);
}

static void interrupts_that_make_no_sense(void **state)
{
    struct fdt_irq irq;

    (void)state;
    assert_no_irq("/interrupts/circle-a", 0, -ELOOP);
    assert_no_irq("/interrupts/self", 0, -ELOOP);
    assert_no_irq("/interrupts/nobody", 0, -EINVAL);
    assert_no_irq("/interrupts/dangling", 0, -EINVAL);
    assert_no_irq("/interrupts/broken-parent", 0, -EINVAL);
    assert_no_irq("/interrupts/cut", 0, -EINVAL);
    assert_no_irq("/interrupts/ragged", 0, -EINVAL);
    assert_no_irq("/interrupts/missing", 0, -EINVAL);
    assert_no_irq("/interrupts/not-a-controller", 0, -EINVAL);
    assert_no_irq("/interrupts/too-wide", 0, -EOPNOTSUPP);
    assert_no_irq("/interrupts/zero-wide", 0, -EINVAL);
    assert_irq(&odd, "/interrupts/both", 0, "/interrupts/controller", 1, 2, 0);
    assert_irq(&odd, "/interrupts/far/a/b/c/d/e", 0, "/interrupts/controller", 1, 6, 0);
    assert_irq(&odd, "/interrupts/hole", 0, "/interrupts/controller", 1, 1, 0);
    assert_irq(&odd, "/interrupts/hole", 2, "/interrupts/controller", 1, 2, 0);
    assert_int_equal(fdt_irq_get(&odd, at(&odd, "/interrupts/hole"), 1, &irq), 0);
    assert_true(irq.controller < 0 && irq.count == 0);
    assert_no_irq("/interrupts/hole", 3, -ENOENT);
}

/* --- broken blobs --------------------------------------------------------------------------- */

static struct fdt checked;

/* The copy is refused with this error and reason; then it is freed. */
static void assert_refused(struct blob *copy, int error, const char *reason)
{
    int got = fdt_check(copy->data, copy->size, &checked);

    assert_int_equal(got, error);
    if (strcmp(checked.reason, reason))
        fail_msg("%s instead of %s", checked.reason, reason);
    assert_true(checked.where <= copy->size);
    blob_free(copy);
}

/* A copy of virt with one big-endian word of the header replaced. */
static struct blob with_header(u32 offset, u32 value)
{
    struct blob copy = blob_copy(&virt_blob, virt_blob.size);

    be32_put(copy.data + offset, value);
    return copy;
}

static void broken_headers_are_named(void **state)
{
    static const struct {
        u32 offset, value;
        int error;
        const char *reason;
    } cases[] = {
        {0, 0xedfe0dd0, -EINVAL, "wrong magic number"},
        {4, 39, -EINVAL, "impossible total size"},
        {4, 0x80000000, -EINVAL, "impossible total size"},
        {4, 0x7fffffff, -E2BIG, "total size exceeds the space it may have"},
        {8, 39, -EINVAL, "structure block outside the blob"},
        {8, 0xfffffffc, -EINVAL, "structure block outside the blob"},
        {8, 57, -EINVAL, "structure block misaligned"},
        {12, 0xffffffff, -EINVAL, "strings block outside the blob"},
        {12, 0, -EINVAL, "strings block outside the blob"},
        {16, 0, -EINVAL, "memory reservation map outside the blob"},
        {16, 44, -EINVAL, "memory reservation map outside the blob"},
        {16, 0xfffffff8, -EINVAL, "memory reservation map outside the blob"},
        {20, 16, -EOPNOTSUPP, "version older than 17"},
        {24, 18, -EOPNOTSUPP, "version not compatible with 17"},
        {32, 0xffffffff, -EINVAL, "strings block outside the blob"},
        {32, 0, -EINVAL, "property name outside the strings block or not terminated"},
        {36, 0xfffffff0, -EINVAL, "structure block outside the blob"},
        {36, 0, -EINVAL, "structure block ends inside the tree"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct blob copy = with_header(cases[i].offset, cases[i].value);

        assert_refused(&copy, cases[i].error, cases[i].reason);
    }
    assert_int_equal(fdt_total_size(virt_blob.data), virt_blob.size);
    assert_int_equal(fdt_total_size("\xd0\x0d\xfe\xec...."), -EINVAL);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < board_blob.size; size++) {
        struct blob copy = blob_copy(&board_blob, size);

        assert_int_not_equal(fdt_check(copy.data, copy.size, &checked), 0);
        assert_non_null(checked.reason);
        if (size >= FDT_HEADER_SIZE) {
            be32_put(copy.data + 4, (u32)size);
            if (fdt_check(copy.data, copy.size, &checked))
                assert_non_null(checked.reason);
        }
        blob_free(&copy);
    }
}

#define BEGIN(name4)    0, 0, 0, 1, name4[0], name4[1], name4[2], name4[3]
#define PROP(len, name) 0, 0, 0, 3, 0, 0, 0, len, 0, 0, 0, name
#define END_NODE        0, 0, 0, 2
#define NOP             0, 0, 0, 4
#define END             0, 0, 0, 9

/* A blob with an empty reservation map, this structure block and the strings "a" and "b". */
static struct blob build(const u8 *tokens, size_t size)
{
    const u32 header[10] = {0xd00dfeed, (u32)(60 + size), 56, (u32)(56 + size), 40, 17, 16, 0,
                            4,          (u32)size};
    struct blob blob = {malloc(60 + size), 60 + size};

    memset(blob.data, 0, 56);
    for (size_t i = 0; i < ARRAY_SIZE(header); i++)
        be32_put(blob.data + 4 * i, header[i]);
    memcpy(blob.data + 56, tokens, size);
    memcpy(blob.data + 56 + size, "a\0b", 4);
    return blob;
}

static void assert_structure(const char *reason, const u8 *tokens, size_t size)
{
    struct blob blob = build(tokens, size);

    if (reason) {
        assert_refused(&blob, -EINVAL, reason);
        return;
    }
    assert_int_equal(fdt_check(blob.data, blob.size, &checked), 0);
    blob_free(&blob);
}

#define STRUCTURE(reason, ...)                            \
    do {                                                  \
        const u8 tokens[] = {__VA_ARGS__};                \
        assert_structure(reason, tokens, sizeof(tokens)); \
    } while (0)

static void broken_structures_are_named(void **state)
{
    static const char bad_name[] = "property name outside the strings block or not terminated";

    (void)state;
    STRUCTURE(NULL, BEGIN("\0\0\0"), END_NODE, END);
    STRUCTURE(NULL, BEGIN("\0\0\0"), NOP, PROP(1, 2), 7, 0, 0, 0, NOP, BEGIN("x\0\0"), NOP,
              END_NODE, NOP, END_NODE, NOP, END);
    STRUCTURE("structure block ends inside the tree", BEGIN("\0\0\0"), END_NODE);
    STRUCTURE("structure block ends inside the tree", BEGIN("\0\0\0"), END_NODE, 0, 0, 0);
    STRUCTURE("tree does not begin with a node", END);
    STRUCTURE("tree does not begin with a node", NOP, BEGIN("\0\0\0"), END_NODE, END);
    STRUCTURE("tree does not begin with a node", PROP(0, 0), BEGIN("\0\0\0"), END_NODE, END);
    STRUCTURE("root node has a name", BEGIN("r\0\0"), END_NODE, END);
    STRUCTURE("node has no name", BEGIN("\0\0\0"), BEGIN("\0\0\0"), END_NODE, END_NODE, END);
    STRUCTURE("second root node", BEGIN("\0\0\0"), END_NODE, BEGIN("\0\0\0"), END_NODE, END);
    STRUCTURE("node name does not end", BEGIN("\0\0\0"), BEGIN("name"));
    STRUCTURE("node name does not end", 0, 0, 0, 1);
    STRUCTURE("tree ends inside a node", BEGIN("\0\0\0"), END);
    STRUCTURE("end of a node that has not begun", BEGIN("\0\0\0"), END_NODE, END_NODE, END);
    STRUCTURE("property outside any node", BEGIN("\0\0\0"), END_NODE, PROP(0, 0), END);
    STRUCTURE("property behind a child node", BEGIN("\0\0\0"), BEGIN("x\0\0"), END_NODE, PROP(0, 0),
              END_NODE, END);
    STRUCTURE("property exceeds the structure block", BEGIN("\0\0\0"), PROP(9, 0), END_NODE, END);
    STRUCTURE("property exceeds the structure block", BEGIN("\0\0\0"), 0, 0, 0, 3, 0, 0);
    STRUCTURE("property exceeds the structure block", BEGIN("\0\0\0"), 0, 0, 0, 3, 255, 255, 255,
              255, 0, 0, 0, 0, END_NODE, END);
    STRUCTURE("padding exceeds the structure block", BEGIN("\0\0\0"), PROP(1, 0), 1);
    STRUCTURE(bad_name, BEGIN("\0\0\0"), PROP(0, 4), END_NODE, END);
    STRUCTURE(bad_name, BEGIN("\0\0\0"), 0, 0, 0, 3, 0, 0, 0, 0, 255, 255, 255, 255, END_NODE, END);
    STRUCTURE("unknown token", BEGIN("\0\0\0"), 0, 0, 0, 5, END_NODE, END);
    STRUCTURE("unknown token", BEGIN("\0\0\0"), 1, 0, 0, 0, END_NODE, END);
}

static void depth_is_bounded(void **state)
{
    struct blob deep = blob_from_dts("too-deep");

    (void)state;
    assert_refused(&deep, -E2BIG, "nested too deeply");
}

static void endless_reservations_are_refused(void **state)
{
    struct blob copy = blob_copy(&board_blob, board_blob.size);

    (void)state;
    be32_put(copy.data + 40, 0xffffffff);
    be32_put(copy.data + 44, 0xffffffff);
    assert_refused(&copy, -EINVAL, "memory reservation wraps around");
    copy = blob_copy(&virt_blob, virt_blob.size + 24);
    be32_put(copy.data + 4, (u32)copy.size);
    be32_put(copy.data + 16, (u32)ALIGN_UP(virt_blob.size, 8));
    memset(copy.data + virt_blob.size, 1, 24);
    assert_refused(&copy, -EINVAL, "memory reservation map does not end");
}

static void any_alignment_will_do(void **state)
{
    u8 *shifted = malloc(board_blob.size + 3);

    (void)state;
    for (int by = 1; by <= 3; by++) {
        memcpy(shifted + by, board_blob.data, board_blob.size);
        assert_int_equal(fdt_check(shifted + by, board_blob.size, &checked), 0);
        assert_reg(&checked, "/soc/apb/bus/rtc", 0, 0x2010001010, 0x20);
    }
    free(shifted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_to_nodes),
        cmocka_unit_test(aliases_are_paths),
        cmocka_unit_test(children_and_siblings),
        cmocka_unit_test(compatible_strings),
        cmocka_unit_test(strings_in_properties),
        cmocka_unit_test(numbers_in_properties),
        cmocka_unit_test(status_words),
        cmocka_unit_test(phandles),
        cmocka_unit_test(reservation_map),
        cmocka_unit_test(a_seed_is_erased_in_place),
        cmocka_unit_test(addresses_are_translated),
        cmocka_unit_test(addresses_that_make_no_sense),
        cmocka_unit_test(interrupts_find_their_controller),
        cmocka_unit_test(contexts_in_order),
        cmocka_unit_test(interrupts_that_make_no_sense),
        cmocka_unit_test(broken_headers_are_named),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(broken_structures_are_named),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(endless_reservations_are_refused),
        cmocka_unit_test(any_alignment_will_do),
    };

    return cmocka_run_group_tests(tests, load_trees, free_trees);
}
