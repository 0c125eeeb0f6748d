/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the vDSO that is C: clocks, which are read without entering the kernel, and calls that the
 * ABI promises here but that only the kernel can answer.
 *
 * Runs in user mode at an address of the program's; linked by vdso.lds alone, so that anything
 * that is not in this folder is an undefined symbol. No static data but the one page's constants. How clocks are computed
 * is in kernel/clock_page.h, for the kernel as well.
 *
 * The counter is read by rdtime. Cores without a time CSR (U54, U74) trap to firmware, which emulates
 * it (SBI specification, "Supervisor Execution Environment"): that is slower, and still does not
 * enter the kernel.
 */
#include "vdso.h"

#include <abi/syscall_nr.h>
#include <kernel/clock_page.h>

#define NS_PER_S  1000000000ul
#define NS_PER_US 1000ul

#define CLOCKS_REAL      (BIT(CLOCK_REALTIME) | BIT(CLOCK_REALTIME_COARSE))
#define CLOCKS_MONOTONIC (BIT(CLOCK_MONOTONIC) | BIT(CLOCK_MONOTONIC_COARSE) | BIT(CLOCK_BOOTTIME))
#define CLOCKS_HERE      (CLOCKS_REAL | CLOCKS_MONOTONIC | BIT(CLOCK_MONOTONIC_RAW) | BIT(CLOCK_TAI))

/* Whether the clock is one of a set; clocks of the kernel's alone (cpu time) are in none. */
static bool is_one_of(int clock, u64 set)
{
    return (unsigned)clock <= CLOCK_TAI && set >> clock & 1;
}

int vdso_clock_gettime(int clock, struct linux_timespec *to)
{
    u64 ns;

    if (is_one_of(clock, CLOCKS_MONOTONIC))
        ns = clock_page_monotonic(&vdso_clock);
    else if (is_one_of(clock, CLOCKS_REAL))
        ns = clock_page_realtime(&vdso_clock);
    else if (clock == CLOCK_MONOTONIC_RAW)
        ns = clock_page_raw(&vdso_clock);
    else if (clock == CLOCK_TAI)
        ns = clock_page_tai(&vdso_clock);
    else
        return (int)vdso_system_call((u64)clock, (u64)to, 0, NR_clock_gettime);
    to->tv_sec = (s64)(ns / NS_PER_S);
    to->tv_nsec = (s64)ns - to->tv_sec * (s64)NS_PER_S; /* a division less: they are slow */
    return 0;
}

int vdso_clock_getres(int clock, struct linux_timespec *to)
{
    if (!is_one_of(clock, CLOCKS_HERE))
        return (int)vdso_system_call((u64)clock, (u64)to, 0, NR_clock_getres);
    if (to)
        *to = (struct linux_timespec){.tv_nsec = (s64)vdso_clock.resolution};
    return 0;
}

int vdso_gettimeofday(struct linux_timeval *tv, struct linux_timezone *tz)
{
    if (tz) /* only the kernel knows it; hardly anybody asks */
        return (int)vdso_system_call((u64)tv, (u64)tz, 0, NR_gettimeofday);
    if (tv) {
        u64 ns = clock_page_realtime(&vdso_clock);

        tv->tv_sec = (s64)(ns / NS_PER_S);
        tv->tv_usec = (s64)(ns % NS_PER_S / NS_PER_US);
    }
    return 0;
}

/* A hart's number is no business of user mode's on this machine: both of these must ask. */

int vdso_getcpu(u32 *cpu, u32 *node, void *unused)
{
    return (int)vdso_system_call((u64)cpu, (u64)node, (u64)unused, NR_getcpu);
}

/* Other harts may run the code too; a fence here would not reach them. */
int vdso_flush_icache(vaddr_t start, vaddr_t end, u64 flags)
{
    return (int)vdso_system_call(start, end, flags, NR_riscv_flush_icache);
}
