/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/num.c lib/string_extra.c
/*
 * The driver of StarFive's watchdog against a model of its registers, and of the clock controller's. The model is
 * as hard as the chip: an access without clocks or in reset is never answered, a write without the key is lost.
 */
#include "../../drivers/watchdog/starfive.c" /* its table entry is static */
#include "tree_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { APB_CLOCK = 122, CORE_CLOCK = 123, APB_RESET = 109, CORE_RESET = 110 };
enum { CRG_PHANDLE = 13, OTHER_PHANDLE = 14 };

#define CRG_ADDRESS      0x13020000ul
#define WATCHDOG_ADDRESS 0x13070000ul
#define CLOCK_ON         0x80000000u

static struct {
    u8 crg_block[0x10000], block[0x10000]; /* only their addresses count */
    u32 crg[0x400];
    u32 control, cleared;
    bool unlocked, stubborn;
    unsigned accesses;
} chip;

static struct tree tree;
static struct fdt fdt;
static char said[256];

void log_line(enum log_level level, const char *format, ...)
{
    va_list args;
    (void)level;
    va_start(args, format);
    vsnprintf(said, sizeof(said), format, args);
    va_end(args);
}

void *driver_map(const struct fdt *from, int node, u32 index, u64 *size)
{
    u64 addr;
    assert_int_equal(fdt_reg(from, node, index, &addr, size), 0);
    return addr == CRG_ADDRESS ? chip.crg_block : addr == WATCHDOG_ADDRESS ? chip.block : NULL;
}

static bool is_of_crg(const volatile void *reg)
{
    return (const volatile u8 *)reg >= chip.crg_block &&
           (const volatile u8 *)reg < chip.crg_block + sizeof(chip.crg_block);
}

/* The offset of a watchdog register that is accessed, if the chip answers at all. */
static size_t watchdog_offset(const volatile void *reg)
{
    size_t offset = (size_t)((const volatile u8 *)reg - chip.block);
    assert_true(offset < sizeof(chip.block) && offset % 4 == 0);
    assert_true(chip.crg[APB_CLOCK] & CLOCK_ON);
    assert_false(chip.crg[0x2f8 / 4 + APB_RESET / 32] >> APB_RESET % 32 & 1);
    chip.accesses++;
    return offset;
}

u32 mmio_read32(const volatile void *reg)
{
    if (is_of_crg(reg))
        return chip.crg[((const volatile u8 *)reg - chip.crg_block) / 4];
    return watchdog_offset(reg) == 8 ? chip.control : 0;
}

void mmio_write32(volatile void *reg, u32 value)
{
    assert_false(is_of_crg(reg)); /* it is not ours to change */
    size_t offset = watchdog_offset(reg);
    if (offset == 0xc00)
        chip.unlocked = value == 0x1acce551;
    else if (!chip.unlocked)
        return;
    else if (offset == 8 && !chip.stubborn)
        chip.control = value;
    else if (offset == 0xc)
        chip.cleared++;
}

static void node(const char *name, const char *compatible, u64 address, u32 phandle)
{
    tree_open(&tree, name);
    tree_prop_string(&tree, "compatible", compatible);
    tree_prop_u64s(&tree, "reg", (u64[]){address, 0x10000}, 2);
    tree_prop_u32(&tree, "phandle", phandle);
}

static void prop_pairs(const char *name, const u32 *pairs, u32 count)
{
    u8 cells[64];
    for (u32 i = 0; i < count; i++)
        tree_put32(cells + 4 * i, pairs[i]);
    tree_prop(&tree, name, cells, 4 * count);
}

/* The tree of the board; `clocks` and `resets` as the watchdog's node has them. */
static int make_tree(const char *controller, const u32 *clocks, u32 clock_cells, const u32 *resets,
                     u32 reset_cells)
{
    tree_begin(&tree);
    node("crg@13020000", controller, CRG_ADDRESS, CRG_PHANDLE);
    tree_close(&tree);
    node("other@0", "other", 0x1000, OTHER_PHANDLE);
    tree_close(&tree);
    node("watchdog@13070000", "starfive,jh7110-wdt", WATCHDOG_ADDRESS, 15);
    if (clock_cells)
        prop_pairs("clocks", clocks, clock_cells);
    if (reset_cells)
        prop_pairs("resets", resets, reset_cells);
    tree_close(&tree);
    assert_int_equal(fdt_check(tree.blob, tree_end(&tree), &fdt), 0);
    return fdt_find_path(&fdt, "/watchdog");
}

static const u32 good_clocks[] = {CRG_PHANDLE, APB_CLOCK, CRG_PHANDLE, CORE_CLOCK};
static const u32 good_resets[] = {CRG_PHANDLE, APB_RESET, CRG_PHANDLE, CORE_RESET};

static int good_tree(void)
{
    return make_tree("starfive,jh7110-syscrg", good_clocks, 4, good_resets, 4);
}

/* Firmware has left it counting. */
static int set_up(void **state)
{
    (void)state;
    memset(&chip, 0, sizeof(chip));
    said[0] = 0;
    chip.crg[APB_CLOCK] = chip.crg[CORE_CLOCK] = CLOCK_ON | 1;
    chip.control = 3;
    return 0;
}

static void stops_one_that_runs(void **state)
{
    (void)state;
    for (u32 runs = 1; runs <= 3; runs++) {
        set_up(NULL);
        chip.control = runs;
        assert_int_equal(driver_starfive_watchdog.probe(&fdt, good_tree()), 0);
        assert_int_equal(chip.control, 0);
        assert_int_equal(chip.cleared, 1);
        assert_false(chip.unlocked);
        assert_non_null(strstr(said, "left running by firmware, stopped"));
    }
}

static void leaves_alone_what_stands(void **state)
{
    (void)state;
    chip.control = 0;
    assert_int_equal(driver_starfive_watchdog.probe(&fdt, good_tree()), 0);
    assert_int_equal(chip.accesses, 1);
    assert_string_equal(said, "");
}

/* What cannot count is not touched: the model fails the test if it is. */
static void touches_nothing_without_clocks(void **state)
{
    (void)state;
    chip.crg[APB_CLOCK] = 1;
    assert_int_equal(driver_starfive_watchdog.probe(&fdt, good_tree()), 0);
    set_up(NULL);
    chip.crg[CORE_CLOCK] = 0;
    assert_int_equal(driver_starfive_watchdog.probe(&fdt, good_tree()), 0);
    assert_int_equal(chip.accesses, 0);
}

static void touches_nothing_in_reset(void **state)
{
    (void)state;
    for (u32 id = APB_RESET; id <= CORE_RESET; id++) {
        set_up(NULL);
        chip.crg[0x2f8 / 4 + id / 32] = 1u << id % 32;
        assert_int_equal(driver_starfive_watchdog.probe(&fdt, good_tree()), 0);
        assert_int_equal(chip.accesses, 0);
    }
}

static void says_if_it_does_not_stop(void **state)
{
    (void)state;
    chip.stubborn = true;
    assert_int_equal(driver_starfive_watchdog.probe(&fdt, good_tree()), -EIO);
    assert_non_null(strstr(said, "does not stop"));
}

/* Clocks that nobody knows may be off: nothing is touched. */
static void trees_that_do_not_tell(void **state)
{
    static const u32 elsewhere[] = {CRG_PHANDLE, APB_CLOCK, OTHER_PHANDLE, CORE_CLOCK};
    static const u32 outside[] = {CRG_PHANDLE, 0x7fffffff};
    static const u32 nowhere[] = {99, APB_CLOCK};

    (void)state;
    const char *crg = "starfive,jh7110-syscrg";
    assert_int_equal(driver_starfive_watchdog.probe(&fdt, make_tree(crg, NULL, 0, good_resets, 4)),
                     -EINVAL);
    assert_int_equal(
        driver_starfive_watchdog.probe(&fdt, make_tree(crg, nowhere, 2, good_resets, 4)), -EINVAL);
    assert_int_equal(
        driver_starfive_watchdog.probe(&fdt, make_tree(crg, good_clocks, 1, good_resets, 4)),
        -EINVAL);
    assert_int_equal(
        driver_starfive_watchdog.probe(&fdt, make_tree("other", good_clocks, 4, good_resets, 4)),
        -EINVAL);
    assert_int_equal(driver_starfive_watchdog.probe(&fdt, make_tree(crg, good_clocks, 4, NULL, 0)),
                     0);
    assert_int_equal(
        driver_starfive_watchdog.probe(&fdt, make_tree(crg, elsewhere, 4, good_resets, 4)), 0);
    assert_int_equal(
        driver_starfive_watchdog.probe(&fdt, make_tree(crg, outside, 2, good_resets, 4)), 0);
    assert_int_equal(
        driver_starfive_watchdog.probe(&fdt, make_tree(crg, good_clocks, 4, outside, 2)), 0);
    assert_int_equal(chip.accesses, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(stops_one_that_runs, set_up),
        cmocka_unit_test_setup(leaves_alone_what_stands, set_up),
        cmocka_unit_test_setup(touches_nothing_without_clocks, set_up),
        cmocka_unit_test_setup(touches_nothing_in_reset, set_up),
        cmocka_unit_test_setup(says_if_it_does_not_stop, set_up),
        cmocka_unit_test_setup(trees_that_do_not_tell, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
