/* SPDX-License-Identifier: BSD-2-Clause */
/* Adjusting the calendar: what it means is in kernel/clock_adjust.c. */
#include "syscall.h"

#include <abi/linux/time.h>
#include <abi/linux/timex.h>
#include <kernel/clock_adjust.h>
#include <kernel/cpu_clock.h>
#include <lib/errno.h>
#include <mm/usercopy.h>

static_assert(sizeof(struct linux_timex) == 208, "struct timex of riscv64");

SYSCALL1(adjtimex, vaddr_t, addr)
{
    struct linux_timex tx;
    int result;

    if (copyin_obj(&tx, addr))
        return -EFAULT;
    result = clock_adjust(&tx);
    return result >= 0 && copyout_obj(addr, &tx) ? -EFAULT : result;
}

static bool is_clock(int clock)
{
    struct cpu_clock cpu;

    return (clock >= CLOCK_REALTIME && clock <= CLOCK_BOOTTIME_ALARM) || clock == CLOCK_TAI ||
           cpu_clock_decode(clock, &cpu);
}

SYSCALL2(clock_adjtime, int, clock, vaddr_t, addr)
{
    if (clock == CLOCK_REALTIME)
        return do_adjtimex(addr);
    return is_clock(clock) ? -EOPNOTSUPP : -EINVAL;
}
