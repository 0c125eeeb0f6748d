/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: times and clocks. */
#ifndef ABI_LINUX_TIME_H
#define ABI_LINUX_TIME_H

#include <lib/types.h>

struct linux_timespec {
    s64 tv_sec;
    s64 tv_nsec;
};

struct linux_timeval {
    s64 tv_sec;
    s64 tv_usec;
};

struct linux_itimerval {
    struct linux_timeval it_interval;
    struct linux_timeval it_value;
};

struct linux_itimerspec {
    struct linux_timespec it_interval;
    struct linux_timespec it_value;
};

struct linux_timezone {
    s32 tz_minuteswest;
    s32 tz_dsttime;
};

/* times(2); the unit is 1 / CLOCK_TICKS_PER_SECOND. */
struct linux_tms {
    s64 tms_utime;
    s64 tms_stime;
    s64 tms_cutime;
    s64 tms_cstime;
};

/* USER_HZ, the unit of times(2) and of /proc/<pid>/stat, told to programs as AT_CLKTCK. */
#define CLOCK_TICKS_PER_SECOND 100

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define CLOCK_REALTIME_ALARM     8 /* these wake a machine that sleeps; here none does */
#define CLOCK_BOOTTIME_ALARM     9
#define CLOCK_TAI                11

#define TIMER_ABSTIME 1

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

#endif
