/* SPDX-License-Identifier: BSD-2-Clause */
// includes: arch/riscv/include
/*
 * RISC-V's own page table entries, which no other host test sees (they have a machine of their own in
 * tests/host/include): what the constructors make, held against the figure "Sv39 page table entry" of the
 * privileged specification, and what the funnel notes. Accessed and dirty bits matter most: emulators set
 * them, many cores do not.
 */
#include <arch/mmu.h>
#include <lib/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* By number, not by the names in the header under test. */
enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128, RSW = 0x300 };

#define PPN_MASK (((1ul << 44) - 1) << 10)
#define RIGHTS   (PROT_R | PROT_W | PROT_X)

static const pfn_t frames[] = {1, 0x80000, (1ul << 44) - 1};

/* What hardware does with a leaf; R and not W, W and not R, and so on. */
static void check_leaf(pte_t pte, pfn_t pfn, prot_t prot)
{
    prot_t granted = prot & PROT_W ? prot | PROT_R : prot;

    assert_int_equal(pte.bits & ~(PPN_MASK | RSW | 0xff), 0); /* reserved, Svpbmt, Svnapot */
    assert_int_equal((pte.bits & PPN_MASK) >> 10, pfn);
    assert_int_equal(!!(pte.bits & V), !!(prot & RIGHTS));
    if (!(prot & RIGHTS))
        return;
    assert_int_equal(!!(pte.bits & R), !!(granted & PROT_R));
    assert_int_equal(!!(pte.bits & W), !!(granted & PROT_W));
    assert_int_equal(!!(pte.bits & X), !!(granted & PROT_X));
    assert_int_equal(!!(pte.bits & U), !!(prot & PROT_U));
    assert_int_equal(!!(pte.bits & G), !!(prot & PROT_G));
    assert_true(pte.bits & A);                            /* else the first access faults */
    assert_int_equal(!!(pte.bits & D), !!(pte.bits & W)); /* else the first write does */
}

static void leaves_say_what_they_permit(void **state)
{
    (void)state;
    for (prot_t prot = 0; prot < PROT_DEV * 2; prot++)
        for (unsigned i = 0; i < ARRAY_SIZE(frames); i++)
            check_leaf(mmu_leaf(frames[i], prot, 0), frames[i], prot);
}

/* What went in comes out again. */
static void leaves_are_read_back(void **state)
{
    (void)state;
    for (prot_t prot = 0; prot < PROT_DEV; prot++) {
        pte_t pte = mmu_leaf(frames[1], prot, 0);
        prot_t want = prot & PROT_W ? prot | PROT_R : prot;

        if (!(prot & RIGHTS))
            want &= PROT_U; /* nobody can use it: nothing to be global */
        assert_int_equal(mmu_kind(pte), MMU_LEAF);
        assert_int_equal(mmu_pfn(pte), frames[1]);
        assert_int_equal(mmu_prot(pte), want);
        for (prot_t access = 1; access < PROT_G; access++)
            assert_int_equal(mmu_permits(pte, access),
                             (prot & RIGHTS) && (want & access) == access);
    }
}

/* "For non-leaf PTEs, the D, A, and U bits are reserved" and must be clear; G would spread. */
static void tables_are_pointers_and_nothing_else(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(frames); i++) {
        pte_t pte = mmu_table(frames[i]);

        assert_int_equal(pte.bits, frames[i] << 10 | V);
        assert_int_equal(mmu_kind(pte), MMU_TABLE);
        assert_int_equal(mmu_pfn(pte), frames[i]);
    }
    assert_int_equal(mmu_kind(MMU_NOTHING), MMU_EMPTY);
}

/* An entry that is permitted, but whose A or D firmware or another writer left clear, would fault. */
static void entries_without_a_and_d_permit_nothing(void **state)
{
    pte_t pte = mmu_leaf(frames[0], PROT_R | PROT_W | PROT_U, 0);

    (void)state;
    assert_false(mmu_permits((pte_t){pte.bits & ~(u64)A}, PROT_R));
    assert_false(mmu_permits((pte_t){pte.bits & ~(u64)D}, PROT_W));
    assert_true(mmu_permits((pte_t){pte.bits & ~(u64)D}, PROT_R));
}

static void live_entries_are_flushed(void **state)
{
    struct mmu_space user = {0}, kernel = {.kernel = true};
    pte_t slot = MMU_NOTHING, leaf = mmu_leaf(frames[0], PROT_R | PROT_U, 0);
    struct mmu_flush fl;

    (void)state;
    mmu_flush_begin(&fl, &user);
    mmu_store(&fl, &slot, leaf, 0x5000, 0); /* was empty: a core that knows so will ask again */
    assert_true(fl.from > fl.last && !fl.tables && !fl.added);
    mmu_store(&fl, &slot, mmu_leaf(frames[0], PROT_NONE, 0), 0x5000, 0);
    assert_int_equal(fl.from, 0x5000);
    assert_int_equal(fl.last, 0x5fff);
    mmu_flush_begin(&fl, &user);
    mmu_store(&fl, &slot, leaf, 0x5000, 0); /* had no rights: nothing was cached that grants any */
    assert_true(fl.from > fl.last);
    mmu_store(&fl, &slot, MMU_NOTHING, 0x200000, 1);
    assert_int_equal(fl.from, 0x200000);
    assert_int_equal(fl.last, 0x3fffff);
    mmu_flush_begin(&fl, &kernel);
    mmu_store(&fl, &slot, leaf, 0x7000, 0); /* the kernel cannot ask again */
    assert_true(fl.added && fl.from > fl.last);
    assert_int_equal(slot.bits, leaf.bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_say_what_they_permit),
        cmocka_unit_test(leaves_are_read_back),
        cmocka_unit_test(tables_are_pointers_and_nothing_else),
        cmocka_unit_test(entries_without_a_and_d_permit_nothing),
        cmocka_unit_test(live_entries_are_flushed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
