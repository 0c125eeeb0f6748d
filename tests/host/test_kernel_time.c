/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c kernel/base/percpu.c kernel/base/spinlock.c kernel/time.c lib/ratio.c
/*
 * Ticks and nanoseconds against 128-bit arithmetic, for the rates that machines have; clocks whose rate changes, that
 * leap, and that are read meanwhile.
 */
#include "hostmachine.h"
#include <arch/time.h>
#include <base/percpu.h>
#include <kernel/clock_page.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <lib/ratio.h>

#include <pthread.h>

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
    assert_true(time_realtime_ns() >= now);
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

static void ratios_are_exact(void **state)
{
    u64 seed = host_seed();

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        u64 from = 1 + some_time(&seed);
        u64 to = some_time(&seed);
        u64 n = host_random(&seed) >> 40;
        struct ratio r = ratio_make(to, from);
        assert_true(r.whole == to / from);
        /* fraction * from / 2^64 is the rest, but for what was cut off */
        wide back = (wide)r.fraction * from;
        wide rest = (wide)(to % from) << 64;
        assert_true(back <= rest && rest - back < from);
        if (r.whole < 1ul << 40)
            assert_true(ratio_times(r, n) == n * r.whole + (u64)((wide)n * r.fraction >> 64));
    }
}

static void an_inverse_leads_back(void **state)
{
    u64 seed = host_seed();

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct ratio r = {host_random(&seed) >> (44 + i % 20), host_random(&seed)};
        if (!r.whole && !(r.fraction >> 56))
            continue;
        struct ratio inverse = ratio_inverse(r);
        u64 n = host_random(&seed) >> 24;
        u64 there = ratio_times(r, n);
        u64 back = ratio_times(inverse, there);
        u64 step = 2 + inverse.whole; /* a unit that was cut off may be so many on the other side */
        assert_true(back <= n && n - back <= step);
    }
    assert_true(ratio_times_most((struct ratio){2, 0}, 1ul << 63) == ~0ul);
    assert_true(ratio_times_most((struct ratio){1, 1ul << 63}, 1ul << 62) == 3ul << 61);
}

/* Ten percent to either side, in 2^-32 ns of a second. */
static u64 some_rate(u64 *seed)
{
    return TIME_RATE_NOMINAL * 9 / 10 + host_random(seed) % (TIME_RATE_NOMINAL / 5);
}

static void check_deadline(u64 ns)
{
    u64 ticks = time_deadline_ticks(ns);

    assert_true(time_at_ticks(ticks) >= ns);
    assert_true(time_at_ticks(ticks - 1) < ns);
}

static void clocks_go_on_at_another_rate(void **state)
{
    u64 seed = host_seed();

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
        u64 at = 1 + (host_random(&seed) >> 30);
        host_hold_ticks(at);
        arch_time_hz = rates[i];
        time_init();
        time_set_realtime(1700000000 * NSEC_PER_SEC);
        for (unsigned k = 0; k < 2000; k++) {
            u64 now = time_now_ns();
            u64 raw = time_raw_ns();
            u64 realtime = time_realtime_ns();
            u64 rate = some_rate(&seed);
            time_set_rate(rate);
            assert_true(time_now_ns() == now && time_realtime_ns() == realtime);
            assert_true(time_raw_ns() == raw);

            u64 ticks = host_random(&seed) >> (34 + k % 20);
            host_hold_ticks(at += ticks);
            u64 expected = (u64)((wide)rate * ticks / rates[i] >> 32);
            u64 seen = time_now_ns() - now;
            assert_true(seen + 1 >= expected && seen <= expected + 1);
            assert_true(time_realtime_ns() - realtime == seen);
            check_deadline(time_now_ns() + 1 + (host_random(&seed) >> 20));
        }
        assert_true(time_deadline_ticks(TIME_NEVER) == TIME_NEVER);
        assert_true(time_deadline_ticks(0) <= at); /* which has been */
    }
    host_hold_ticks(0);
}

/* --- leap seconds, on a counter of nanoseconds --- */

#define MIDNIGHT (1700006400 * NSEC_PER_SEC) /* a multiple of 86400 s */

static void at(u64 ticks, u64 realtime, u64 tai)
{
    host_hold_ticks(ticks);
    assert_true(time_realtime_ns() == realtime);
    assert_true(time_tai_ns() == tai);
    assert_true(time_tai() == (s32)((s64)(tai - realtime) / (s64)NSEC_PER_SEC));
}

static void start_before_midnight(u64 ticks)
{
    host_hold_ticks(ticks);
    arch_time_hz = NSEC_PER_SEC;
    time_init();
    time_set_realtime(MIDNIGHT - 2 * NSEC_PER_SEC);
    time_set_tai(37);
}

static void a_second_is_inserted(void **state)
{
    const u64 s = NSEC_PER_SEC;
    const u64 tai = MIDNIGHT + 37 * s;

    (void)state;
    start_before_midnight(10 * s);
    assert_true(time_set_leap(MIDNIGHT, -(s64)s) == 12 * s);
    assert_true(time_realtime_deadline(MIDNIGHT - s) == 11 * s);
    assert_true(time_realtime_deadline(MIDNIGHT) == 13 * s); /* when it is that for good */
    assert_true(time_tai_deadline(tai) == 12 * s);
    at(12 * s - 1, MIDNIGHT - 1, tai - 1);
    at(12 * s, MIDNIGHT - s, tai);
    at(13 * s, MIDNIGHT, tai + s);
    time_set_leap(TIME_NEVER, 0); /* it stays */
    at(13 * s, MIDNIGHT, tai + s);
    assert_true(time_realtime_deadline(MIDNIGHT + s) == 14 * s);
}

static void a_second_is_left_out(void **state)
{
    const u64 s = NSEC_PER_SEC;
    const u64 tai = MIDNIGHT + 37 * s;

    (void)state;
    start_before_midnight(10 * s);
    assert_true(time_set_leap(MIDNIGHT - s, (s64)s) == 11 * s);
    assert_true(time_realtime_deadline(MIDNIGHT - 1) == 11 * s); /* that is left out, too */
    assert_true(time_realtime_deadline(MIDNIGHT) == 11 * s);
    assert_true(time_realtime_deadline(MIDNIGHT + s) == 12 * s);
    at(11 * s - 1, MIDNIGHT - s - 1, tai - s - 1);
    at(11 * s, MIDNIGHT, tai - s);
    time_set_rate(TIME_RATE_NOMINAL / 10 * 11); /* neither this */
    time_set_tai(time_tai());                   /* nor that does it twice */
    at(11 * s, MIDNIGHT, tai - s);
    time_set_leap(TIME_NEVER, 0);
    at(11 * s, MIDNIGHT, tai - s);
}

static void a_step_has_limits(void **state)
{
    const s64 s = (s64)NSEC_PER_SEC;

    (void)state;
    start_before_midnight(10 * NSEC_PER_SEC);
    assert_int_equal(time_step_realtime(-5 * s), 0);
    assert_true(time_realtime_ns() == MIDNIGHT - 7 * NSEC_PER_SEC);
    assert_int_equal(time_step_realtime(-(s64)MIDNIGHT), -EINVAL);
    assert_int_equal(time_step_realtime((s64)(TIME_REALTIME_LIMIT - MIDNIGHT) + 8 * s), -EINVAL);
    assert_true(time_realtime_ns() == MIDNIGHT - 7 * NSEC_PER_SEC);
    host_hold_ticks(0);
}

/* --- one changes, others read --- */

#define READERS 2
#define CHANGES 30000

static bool changing;

static void *reader(void *arg)
{
    u64 *reads = arg;
    u64 last = 0, last_real = 0, now;

    while (__atomic_load_n(&changing, __ATOMIC_ACQUIRE)) {
        now = time_now_ns();
        assert_true(now >= last && (!last || now - last < 1000 * NSEC_PER_SEC));
        last = now;
        now = time_realtime_ns();
        assert_true(now >= last_real);
        last_real = now;
        ++*reads;
    }
    return NULL;
}

static void no_reader_sees_half_a_change(void **state)
{
    u64 seed = host_seed();
    u64 reads[READERS] = {0};
    pthread_t threads[READERS];

    (void)state;
    host_hold_ticks(0);
    arch_time_hz = NSEC_PER_SEC;
    time_init();
    time_set_realtime(1700000000 * NSEC_PER_SEC);
    changing = true;
    for (unsigned i = 0; i < READERS; i++)
        pthread_create(&threads[i], NULL, reader, &reads[i]);
    for (unsigned i = 0; i < CHANGES || !reads[0] || !reads[1]; i++)
        time_set_rate(some_rate(&seed));
    __atomic_store_n(&changing, false, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions_are_exact), cmocka_unit_test(the_calendar_can_be_set),
        cmocka_unit_test(a_date_has_its_moment), cmocka_unit_test(ratios_are_exact),
        cmocka_unit_test(an_inverse_leads_back), cmocka_unit_test(clocks_go_on_at_another_rate),
        cmocka_unit_test(a_second_is_inserted),  cmocka_unit_test(a_second_is_left_out),
        cmocka_unit_test(a_step_has_limits),     cmocka_unit_test(no_reader_sees_half_a_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
