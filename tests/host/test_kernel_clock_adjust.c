/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c kernel/base/percpu.c kernel/base/spinlock.c kernel/time.c lib/ratio.c
// sources: kernel/clock_adjust.c kernel/clock_rate.c
/*
 * adjtimex, on a counter and a timer of the test's: what it refuses, how fast the clock then runs, how
 * much of an offset is slewed away and when, leap seconds of both kinds and who is told of them.
 */
#include "hostmachine.h"
#include <arch/time.h>
#include <kernel/caps.h>
#include <kernel/clock_adjust.h>
#include <kernel/clock_change.h>
#include <kernel/time.h>
#include <kernel/timer.h>
#include <lib/errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S        NSEC_PER_SEC
#define MIDNIGHT (1700006400 * S) /* a multiple of 86400 s */

/* --- what is around it --- */

static bool privileged;
static u64 ticks; /* nanoseconds */
static struct timer *armed;
static unsigned told, jumps, rate_changes;

bool caps_have(unsigned cap)
{
    assert_int_equal(cap, CAP_SYS_TIME);
    return privileged;
}

void clock_tell(bool jumped)
{
    told++;
    jumps += jumped;
}

void timer_set_ns(struct timer *timer, u64 deadline)
{
    timer->deadline = deadline;
    armed = timer;
}

bool timer_cancel_nowait(struct timer *timer)
{
    (void)timer;
    armed = NULL;
    return false;
}

void timer_rate_changed(void)
{
    rate_changes++;
}

/* Lets the counter go on, and the timer ring in time. */
static void pass(u64 ns)
{
    u64 until = ticks + ns;

    while (armed && time_deadline_ticks(armed->deadline) <= until) {
        struct timer *timer = armed;
        ticks = MAX(ticks, time_deadline_ticks(timer->deadline));
        host_hold_ticks(ticks);
        armed = NULL;
        host_irq_on = false;
        timer->fn(timer);
        host_irq_on = true;
    }
    ticks = until;
    host_hold_ticks(ticks);
}

/* What the clock gained on the raw one while `ns` of that passed. */
static s64 gain_in(u64 ns)
{
    u64 before = time_now_ns();

    pass(ns);
    return (s64)(time_now_ns() - before - ns);
}

static int adjust(struct linux_timex tx)
{
    return clock_adjust(&tx);
}

static struct linux_timex state(void)
{
    struct linux_timex tx = {0};
    int result = clock_adjust(&tx);

    assert_in_range(result, TIME_OK, TIME_ERROR);
    return tx;
}

static int result(void)
{
    return adjust((struct linux_timex){0});
}

/* As after boot, and synchronised. */
static int set_up(void **unused)
{
    static bool begun;

    (void)unused;
    privileged = true;
    if (!begun) {
        ticks = 5 * S;
        host_hold_ticks(ticks);
        arch_time_hz = S;
        time_init();
        begun = true;
    }
    clock_set(MIDNIGHT - 10 * S);
    adjust((struct linux_timex){.modes = ADJ_STATUS, .status = STA_PLL});
    adjust((struct linux_timex){.modes = ADJ_STATUS | ADJ_FREQUENCY | ADJ_TICK | ADJ_MICRO |
                                         ADJ_TAI | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_TIMECONST,
                                .tick = 10000});
    assert_int_equal(result(), TIME_OK);
    assert_null(armed);
    told = jumps = rate_changes = 0;
    return 0;
}

/* --- what it refuses --- */

static void only_the_privileged_change(void **unused)
{
    (void)unused;
    privileged = false;
    assert_int_equal(result(), TIME_OK);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_OFFSET_SS_READ}), TIME_OK);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_OFFSET_SINGLESHOT}), -EPERM);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_FREQUENCY}), -EPERM);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_SETOFFSET}), -EPERM);
}

static void nonsense_is_refused(void **unused)
{
    const s64 most = (s64)((~0ul >> 1) / 65536000);

    (void)unused;
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_OFFSET_SINGLESHOT & ~ADJ_OFFSET}),
                     -EINVAL);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_TICK, .tick = 8999}), -EINVAL);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_TICK, .tick = 11001}), -EINVAL);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_FREQUENCY, .freq = most + 1}),
                     -EINVAL);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_FREQUENCY, .freq = -most - 1}),
                     -EINVAL);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_SETOFFSET, .time = {0, -1}}),
                     -EINVAL);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_SETOFFSET, .time = {0, 1000000}}),
                     -EINVAL);
    assert_int_equal(
        adjust((struct linux_timex){.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {0, (s64)S}}),
        -EINVAL);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_SETOFFSET, .time = {INT64_MIN, 0}}),
                     -EINVAL);
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_SETOFFSET, .time = {-1700006400, 0}}),
                     -EINVAL);
    assert_true(state().tick == 10000 && !state().freq && !told);
}

/* --- how fast --- */

static void the_clock_runs_as_fast_as_it_is_told(void **unused)
{
    (void)unused;
    adjust((struct linux_timex){.modes = ADJ_FREQUENCY, .freq = 250 << 16});
    assert_int_equal(rate_changes, 1);
    assert_in_range(gain_in(4 * S), 999999, 1000001);
    adjust((struct linux_timex){.modes = ADJ_TICK, .tick = 9000});
    assert_in_range(-gain_in(S), 100000000 - 250001, 100000000 - 249999);
    adjust((struct linux_timex){.modes = ADJ_FREQUENCY, .freq = -(1000 << 16)}); /* too much */
    assert_true(state().freq == -(500 << 16) && state().tick == 9000);
    assert_int_equal(rate_changes, 3);
}

static void adjtime_takes_its_seconds(void **unused)
{
    struct linux_timex tx = {.modes = ADJ_OFFSET_SINGLESHOT, .offset = 1200};

    (void)unused;
    assert_int_equal(clock_adjust(&tx), TIME_OK);
    assert_int_equal(tx.offset, 0); /* what there was before */
    assert_in_range(gain_in(S), 499990, 500000);
    tx = (struct linux_timex){.modes = ADJ_OFFSET_SS_READ};
    clock_adjust(&tx);
    assert_in_range(tx.offset, 200, 700);
    assert_in_range(gain_in(3 * S), 699990, 700010);
    assert_null(armed);
    assert_int_equal(gain_in(S), 0);

    adjust((struct linux_timex){.modes = ADJ_OFFSET_SINGLESHOT, .offset = -100});
    assert_in_range(-gain_in(2 * S), 99990, 100010);
}

static void an_offset_decays(void **unused)
{
    s64 first, total;

    (void)unused;
    adjust((struct linux_timex){.modes = ADJ_OFFSET, .offset = 1000});
    assert_null(armed); /* no loop, no offset */
    adjust((struct linux_timex){.modes = ADJ_STATUS | ADJ_NANO, .status = STA_PLL | STA_FREQHOLD});
    adjust((struct linux_timex){.modes = ADJ_TIMECONST, .constant = 0});
    adjust((struct linux_timex){.modes = ADJ_OFFSET, .offset = 1000000});
    assert_non_null(armed);
    assert_in_range(state().offset, 749999, 750001); /* a quarter in each second */
    first = gain_in(S);
    assert_in_range(first, 249990, 250001);
    total = first + gain_in(100 * S);
    assert_in_range(total, 999900, 1000100);
    assert_true(!state().offset && !state().freq && !armed);
}

static void the_frequency_follows_the_offset(void **unused)
{
    struct linux_timex now;

    (void)unused;
    adjust((struct linux_timex){.modes = ADJ_STATUS | ADJ_NANO, .status = STA_PLL});
    adjust((struct linux_timex){.modes = ADJ_TIMECONST, .constant = 2});
    pass(16 * S);
    adjust((struct linux_timex){.modes = ADJ_OFFSET,
                                .offset = 1000000}); /* 1 ms in 16 s: gain 2^-12 */
    now = state();
    assert_in_range(now.freq, (s64)(3.9 * 65536), (s64)(3.91 * 65536));
    assert_false(now.status & STA_MODE);
    adjust((struct linux_timex){.modes = ADJ_STATUS, .status = STA_PLL | STA_FLL});
    pass(1000 * S);
    adjust((struct linux_timex){.modes = ADJ_OFFSET, .offset = -1000000});
    assert_true(state().status & STA_MODE && state().freq < now.freq);
    adjust((struct linux_timex){.modes = ADJ_STATUS, .status = 0}); /* ends the loop's work */
    pass(2000 * S);
}

/* --- leap seconds --- */

static u64 real_seconds(void)
{
    return time_realtime_ns() / S;
}

static void a_leap_second_comes(void **unused)
{
    (void)unused;
    adjust((struct linux_timex){.modes = ADJ_TAI, .constant = 37});
    assert_int_equal(told, 1);
    told = 0;
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_STATUS, .status = STA_INS}),
                     TIME_INS);
    assert_true(told && !jumps && armed);
    pass(10 * S - 1);
    assert_int_equal(result(), TIME_INS);
    assert_int_equal(state().tai, 37);
    pass(1);
    assert_int_equal(jumps, 1);
    assert_int_equal(result(), TIME_OOP);
    assert_true(real_seconds() == MIDNIGHT / S - 1 && state().tai == 38);
    pass(S - 1);
    assert_int_equal(result(), TIME_OOP);
    pass(1);
    assert_int_equal(result(), TIME_WAIT);
    assert_true(time_realtime_ns() == MIDNIGHT);
    pass(86400 * S); /* one was enough */
    assert_true(time_realtime_ns() == MIDNIGHT + 86400 * S && jumps == 1);
    adjust((struct linux_timex){.modes = ADJ_STATUS | ADJ_MAXERROR});
    assert_int_equal(result(), TIME_OK);
}

static void a_second_is_left_out(void **unused)
{
    (void)unused;
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_STATUS, .status = STA_DEL}),
                     TIME_DEL);
    pass(9 * S - 1);
    assert_int_equal(result(), TIME_DEL);
    pass(1);
    assert_int_equal(result(), TIME_WAIT);
    assert_true(time_realtime_ns() == MIDNIGHT && jumps == 1 && state().tai == -1);
}

static void a_leap_second_is_given_up(void **unused)
{
    (void)unused;
    adjust((struct linux_timex){.modes = ADJ_STATUS, .status = STA_INS});
    told = 0;
    assert_int_equal(adjust((struct linux_timex){.modes = ADJ_STATUS}), TIME_OK);
    assert_int_equal(told, 1); /* whoever waits for tomorrow waits a second less again */
    assert_null(armed);
    pass(20 * S);
    assert_true(time_realtime_ns() == MIDNIGHT + 10 * S && !jumps);
}

static void it_is_planned_anew_for_another_day(void **unused)
{
    (void)unused;
    adjust((struct linux_timex){.modes = ADJ_STATUS, .status = STA_INS});
    adjust((struct linux_timex){.modes = ADJ_SETOFFSET, .time = {20, 0}});
    assert_true(time_realtime_ns() == MIDNIGHT + 10 * S && jumps == 1);
    assert_int_equal(result(), TIME_INS);
    pass(86390 * S);
    assert_true(time_realtime_ns() == MIDNIGHT + 86399 * S);
}

/* --- what is known of errors --- */

static void errors_grow_until_the_clock_is_not_believed(void **unused)
{
    (void)unused;
    adjust((struct linux_timex){
        .modes = ADJ_MAXERROR | ADJ_ESTERROR, .maxerror = 1000, .esterror = -1});
    pass(10 * S + S / 2);
    assert_int_equal(state().maxerror, 6000);
    pass(S / 2);
    assert_int_equal(state().maxerror, 6500);
    assert_int_equal(state().esterror, 0);
    pass(40000 * S);
    assert_int_equal(result(), TIME_ERROR);
    assert_int_equal(state().maxerror, 16000000);
    assert_true(state().status & STA_UNSYNC);
}

static void what_is_only_for_reading_stays(void **unused)
{
    struct linux_timex tx;

    (void)unused;
    adjust((struct linux_timex){.modes = ADJ_STATUS, .status = -1});
    tx = state();
    assert_int_equal(tx.status, 0xff);
    assert_true(tx.precision == 1 && tx.tolerance == 500 << 16);
    adjust((struct linux_timex){.modes = ADJ_NANO});
    pass(123456789);
    tx = state();
    assert_true(tx.status & STA_NANO);
    assert_int_equal((u64)tx.time.tv_sec * S + (u64)tx.time.tv_usec, time_realtime_ns());
    adjust((struct linux_timex){.modes = ADJ_MICRO | ADJ_TAI, .constant = -1});
    tx = state();
    assert_int_equal((u64)tx.time.tv_usec, time_realtime_ns() % S / 1000);
    assert_int_equal(tx.tai, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_the_privileged_change),
        TEST(nonsense_is_refused),
        TEST(the_clock_runs_as_fast_as_it_is_told),
        TEST(adjtime_takes_its_seconds),
        TEST(an_offset_decays),
        TEST(the_frequency_follows_the_offset),
        TEST(a_leap_second_comes),
        TEST(a_second_is_left_out),
        TEST(a_leap_second_is_given_up),
        TEST(it_is_planned_anew_for_another_day),
        TEST(errors_grow_until_the_clock_is_not_believed),
        TEST(what_is_only_for_reading_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
