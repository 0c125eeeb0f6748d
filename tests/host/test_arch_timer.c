/* SPDX-License-Identifier: BSD-2-Clause */
// includes: tests/host/timer arch/riscv/include
/*
 * The kernel's own arch/riscv/timer.c on a hart of which the test sees the timer's register, or what firmware was
 * told, and the waits. A doze borrows the timer: what it was armed for before must hold after, else whoever asked for that
 * deadline (a sleep, the end of a slice) is woken late or never.
 */
#include <arch/time.h>
#include <base/percpu.h>
#include <lib/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../arch/riscv/timer.c"

#define HZ       4000000ul /* as on the VisionFive 2 */
#define DOZE     (HZ / 20000)
#define DISARMED (~0ul)

struct cpu model_cpu;
struct cpu_features cpu_features;
u64 arch_time_hz = HZ;

static u64 now;
static u64 armed;          /* the hardware's deadline */
static u64 interrupted_at; /* by something else than the timer */
static u64 waits;

u64 arch_ticks(void)
{
    return now;
}

void csr_write(u32 csr, u64 value)
{
    assert_true(cpu_features.sstc);
    assert_int_equal(csr, CSR_STIMECMP);
    armed = value;
}

void sbi_set_timer(u64 ticks)
{
    assert_false(cpu_features.sstc);
    armed = ticks;
}

void model_idle(void)
{
    u64 end = MIN(armed, interrupted_at);

    waits++;
    assert_int_not_equal(end, DISARMED);
    now = MAX(now, end);
}

static void begin(bool sstc, u64 deadline)
{
    cpu_features.sstc = sstc;
    now = 1000;
    interrupted_at = DISARMED;
    waits = 0;
    arch_timer_set(deadline);
    assert_int_equal(armed, deadline);
}

/* With stimecmp and through firmware. */
static void test_doze_keeps_the_deadline(void **state)
{
    (void)state;
    for (int sstc = 0; sstc < 2; sstc++) {
        begin(sstc, 1000 + HZ);
        for (u64 doze = 1; doze <= 3; doze++) {
            arch_doze();
            assert_int_equal(waits, doze);
            assert_int_equal(now, 1000 + doze * DOZE);
            assert_int_equal(armed, 1000 + HZ);
        }
    }
}

static void test_doze_leaves_the_timer_disarmed(void **state)
{
    (void)state;
    begin(true, DISARMED);
    arch_doze();
    assert_int_equal(now, 1000 + DOZE);
    assert_int_equal(armed, DISARMED);
}

static void test_interrupt_ends_a_doze(void **state)
{
    (void)state;
    begin(false, 1000 + HZ);
    interrupted_at = 1001;
    arch_doze();
    assert_int_equal(now, 1001);
    assert_int_equal(armed, 1000 + HZ);
}

/* It may have passed already, and wait for interrupts to be on: then its interrupt must stay pending. */
static void test_deadline_that_comes_first_is_not_touched(void **state)
{
    static const u64 deadlines[] = {1000 + DOZE, 1001, 1000, 1};

    (void)state;
    for (u32 i = 0; i < 4; i++) {
        begin(true, deadlines[i]);
        armed = 7; /* so that a write would show, even one of the same */
        arch_doze();
        assert_int_equal(armed, 7);
        assert_int_equal(waits, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doze_keeps_the_deadline),
        cmocka_unit_test(test_doze_leaves_the_timer_disarmed),
        cmocka_unit_test(test_interrupt_ends_a_doze),
        cmocka_unit_test(test_deadline_that_comes_first_is_not_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
