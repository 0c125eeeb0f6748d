/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, for programs without a C library. */
#include <abi/linux/time.h>

#include "sys.h"

u64 sys_now(void)
{
    struct linux_timespec ts = {0};

    SYS(clock_gettime, CLOCK_MONOTONIC, &ts);
    return (u64)ts.tv_sec * 1000000000ul + (u64)ts.tv_nsec;
}

void sys_sleep_ms(u64 ms)
{
    struct linux_timespec ts = {.tv_sec = (s64)(ms / 1000), .tv_nsec = (s64)(ms % 1000 * 1000000)};

    SYS(nanosleep, &ts, 0);
}
