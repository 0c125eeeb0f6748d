/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c kernel/base/percpu.c kernel/base/spinlock.c kernel/time.c lib/ratio.c
// sources: arch/riscv/vdso/clock.c
/*
 * The vDSO's clocks against the kernel's, on a counter of the test's: at each tick they say the
 * same, to the nanosecond, whatever the rates, and before and after the calendar is set or leaps.
 */
#include "hostmachine.h"
#include <abi/linux/time.h>
#include <abi/syscall_nr.h>
#include <arch/time.h>
#include <kernel/clock_page.h>
#include <kernel/time.h>
#include <lib/errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The vDSO sees it as constant; here is its page. */
struct clock_page vdso_clock;

int vdso_clock_gettime(int clock, struct linux_timespec *to);
int vdso_clock_getres(int clock, struct linux_timespec *to);
int vdso_gettimeofday(struct linux_timeval *tv, struct linux_timezone *tz);
long vdso_system_call(u64 a, u64 b, u64 c, long number);

/* The kernel that the vDSO asks. */
static long asked;

long vdso_system_call(u64 a, u64 b, u64 c, long number)
{
    (void)a, (void)b, (void)c;
    asked = number;
    return -EINVAL;
}

static u64 ns_of(const struct linux_timespec *t)
{
    assert_in_range(t->tv_nsec, 0, NSEC_PER_SEC - 1);
    return (u64)t->tv_sec * NSEC_PER_SEC + (u64)t->tv_nsec;
}

static u64 read_clock(int clock)
{
    struct linux_timespec t;

    assert_int_equal(vdso_clock_gettime(clock, &t), 0);
    return ns_of(&t);
}

static void check_clocks(void)
{
    static const int real[] = {CLOCK_REALTIME, CLOCK_REALTIME_COARSE};
    static const int monotonic[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME};
    struct linux_timeval tv;

    for (size_t i = 0; i < ARRAY_SIZE(real); i++)
        assert_int_equal(read_clock(real[i]), time_realtime_ns());
    for (size_t i = 0; i < ARRAY_SIZE(monotonic); i++)
        assert_int_equal(read_clock(monotonic[i]), time_now_ns() - time_boot_ns());
    assert_int_equal(read_clock(CLOCK_MONOTONIC_RAW), time_raw_ns());
    assert_int_equal(read_clock(CLOCK_TAI), time_tai_ns());
    assert_int_equal(vdso_gettimeofday(&tv, NULL), 0);
    assert_int_equal((u64)tv.tv_sec * 1000000 + (u64)tv.tv_usec,
                     time_realtime_ns() / NSEC_PER_USEC);
}

static void clocks_are_the_kernels(void **state)
{
    static const u64 rates[] = {1000000, 4000000, 10000000, 24000000, 32768, 999999937};
    u64 seed = host_seed();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        host_hold_ticks(1 + (host_random(&seed) >> 40));
        arch_time_hz = rates[i];
        time_init();
        if (!i)
            time_publish(&vdso_clock); /* and no other page from then on */
        for (unsigned n = 0; n < 1000; n++) {
            host_hold_ticks(1 + (1ul << 24) + (host_random(&seed) >> (14 + n % 10)));
            if (n % 7 == 3)
                time_set_realtime(host_random(&seed) >> 4);
            if (n % 5 == 2)
                time_set_rate(TIME_RATE_NOMINAL - (1l << 50) + (host_random(&seed) >> 13));
            if (n % 11 == 4)
                time_set_leap(time_realtime_ns() + n % 3, -(s64)NSEC_PER_SEC);
            if (n % 13 == 5)
                time_set_tai((s32)n);
            check_clocks();
        }
    }
}

static void the_rest_is_asked(void **state)
{
    static const int others[] = {CLOCK_PROCESS_CPUTIME_ID,
                                 CLOCK_THREAD_CPUTIME_ID,
                                 8,
                                 9,
                                 10,
                                 12,
                                 64 + CLOCK_MONOTONIC,
                                 -1,
                                 INT32_MIN,
                                 INT32_MAX};
    struct linux_timespec t;
    struct linux_timeval tv;
    struct linux_timezone tz;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        assert_int_equal(vdso_clock_gettime(others[i], &t), -EINVAL);
        assert_int_equal(asked, NR_clock_gettime);
        assert_int_equal(vdso_clock_getres(others[i], &t), -EINVAL);
        assert_int_equal(asked, NR_clock_getres);
    }
    assert_int_equal(vdso_gettimeofday(&tv, &tz),
                     -EINVAL); /* the time zone is the kernel's to know */
    assert_int_equal(asked, NR_gettimeofday);
    asked = 0;
    assert_int_equal(vdso_clock_getres(CLOCK_MONOTONIC, &t), 0);
    assert_int_equal(ns_of(&t), time_resolution_ns());
    assert_int_equal(vdso_clock_getres(CLOCK_REALTIME, NULL), 0);
    assert_int_equal(asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_are_the_kernels),
        cmocka_unit_test(the_rest_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
