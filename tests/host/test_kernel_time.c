/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c kernel/base/percpu.c kernel/time.c
/* Ticks and nanoseconds: against 128-bit arithmetic, for the rates that machines have. */
#include "hostmachine.h"
#include <arch/time.h>
#include <kernel/time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef unsigned __int128 wide;

static const u64 rates[] = {1000000, 4000000, 10000000, 24000000, 27000000, 32768, 999999937, 3};

/* Times up to some thousand years of ticks, small and large ones alike. */
static u64 some_time(u64 *state)
{
    return host_random(state) >> (6 + host_random(state) % 58);
}

static void check_ticks(u64 hz, u64 ticks)
{
    u64 ns = time_ticks_to_ns(ticks);
    u64 exact = (u64)((wide)ticks * NSEC_PER_SEC / hz);

    assert_true(ns == exact || ns + 1 == exact);
}

static void check_ns(u64 hz, u64 ns)
{
    u64 ticks = time_ns_to_ticks(ns);
    u64 exact = (u64)((wide)ns * hz / NSEC_PER_SEC);

    assert_true(time_ticks_to_ns(ticks) >= ns);
    assert_true(ticks >= exact && ticks <= exact + 2);
}

static void conversions_are_exact(void **state)
{
    u64 seed = host_seed();

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
        arch_time_hz = rates[i];
        time_init();
        for (unsigned k = 0; k < 20000; k++) {
            u64 time = some_time(&seed);
            if ((wide)time * NSEC_PER_SEC / rates[i] < (wide)1 << 63)
                check_ticks(rates[i], time);
            check_ns(rates[i], time);
        }
        assert_true(time_ns_to_ticks(TIME_NEVER) == TIME_NEVER);
        assert_true(time_ns_to_ticks(0) == 0 && time_ticks_to_ns(0) == 0);
    }
}

static void the_calendar_can_be_set(void **state)
{
    (void)state;
    arch_time_hz = NSEC_PER_SEC;
    time_init();
    time_set_realtime(1700000000 * NSEC_PER_SEC);
    u64 now = time_realtime_ns();
    assert_true(now >= 1700000000 * NSEC_PER_SEC && now < 1700000001 * NSEC_PER_SEC);
    assert_true(time_boot_realtime_ns() <= now);
    assert_true(time_now_ns() + time_realtime_offset() >= now);
}

static void a_date_has_its_moment(void **state)
{
    const u64 year = 365 * 86400 * NSEC_PER_SEC;

    (void)state;
    arch_time_hz = NSEC_PER_SEC;
    time_init();
    u64 before = time_now_ns();
    time_set_realtime(before + year); /* ahead of the counter */
    u64 moment = time_realtime_deadline(before + year + 5);
    assert_true(moment >= before + 5 && moment <= time_now_ns() + 5);
    assert_true(time_realtime_deadline(7) == 0);
    assert_true(time_realtime_deadline(TIME_NEVER) == TIME_NEVER);

    before = time_now_ns();
    time_set_realtime(5); /* behind it */
    moment = time_realtime_deadline(8);
    assert_true(moment >= before + 3 && moment <= time_now_ns() + 3);
    assert_true(time_realtime_deadline(TIME_NEVER - 1) == TIME_NEVER);
    assert_true(time_realtime_deadline(TIME_NEVER) == TIME_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions_are_exact),
        cmocka_unit_test(the_calendar_can_be_set),
        cmocka_unit_test(a_date_has_its_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
