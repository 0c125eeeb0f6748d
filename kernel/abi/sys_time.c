/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks, sleeping, interval timers. */
#include "args.h"
#include "syscall.h"

#include <base/atomic.h>
#include <kernel/caps.h>
#include <kernel/clock_adjust.h>
#include <kernel/clock_change.h>
#include <kernel/cpu_clock.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <mm/usercopy.h>

/* --- reading and setting clocks --- */

static u64 process_cpu_ns(void)
{
    struct usage usage;

    process_usage(current_process(), &usage);
    return usage.user_ns + usage.system_ns;
}

static u64 thread_cpu_ns(void)
{
    u64 total;
    u64 user;

    sched_thread_ticks(current_thread(), &total, &user);
    return time_ticks_to_ns(total);
}

/*
 * The clock's time in ns; false: no such clock. The coarse ones are as fine as the others; those that
 * would wake a machine that sleeps are the same as those that would not: none sleeps.
 */
static bool read_clock(int clock, u64 *ns)
{
    struct cpu_clock cpu;

    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
        *ns = time_realtime_ns();
        return true;
    case CLOCK_TAI:
        *ns = time_tai_ns();
        return true;
    case CLOCK_MONOTONIC_RAW:
        *ns = time_raw_ns();
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *ns = time_now_ns() - time_boot_ns();
        return true;
    case CLOCK_PROCESS_CPUTIME_ID:
        *ns = process_cpu_ns();
        return true;
    case CLOCK_THREAD_CPUTIME_ID:
        *ns = thread_cpu_ns();
        return true;
    default:
        return cpu_clock_decode(clock, &cpu) && !cpu_clock_read(&cpu, ns);
    }
}

SYSCALL2(clock_gettime, int, clock, vaddr_t, to)
{
    u64 ns;

    return read_clock(clock, &ns) ? args_put_timespec(to, ns) : -EINVAL;
}

SYSCALL2(clock_getres, int, clock, vaddr_t, to)
{
    u64 ns;

    if (!read_clock(clock, &ns))
        return -EINVAL;
    return to ? args_put_timespec(to, time_resolution_ns()) : 0;
}

SYSCALL2(clock_settime, int, clock, vaddr_t, from)
{
    u64 ns;
    int err;

    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    err = args_timespec(from, &ns);
    if (err)
        return err;
    if (ns >= TIME_REALTIME_LIMIT)
        return -EINVAL;
    if (!caps_have(CAP_SYS_TIME))
        return -EPERM;
    clock_set(ns);
    return 0;
}

/*
 * The zone of whoever set it last: kept for those who ask, and of no effect on any clock. Its two words
 * are set one after the other, as on Linux.
 */
static struct linux_timezone zone;

#define ZONE_LIMIT (15 * 60) /* minutes, to the west and to the east */

SYSCALL2(gettimeofday, vaddr_t, tv, vaddr_t, tz)
{
    struct linux_timeval now = args_timeval_of(time_realtime_ns());
    struct linux_timezone kept = {.tz_minuteswest = READ_ONCE(zone.tz_minuteswest),
                                  .tz_dsttime = READ_ONCE(zone.tz_dsttime)};

    if (tv && copyout_obj(tv, &now))
        return -EFAULT;
    return tz && copyout_obj(tz, &kept) ? -EFAULT : 0;
}

SYSCALL2(settimeofday, vaddr_t, tv, vaddr_t, tz)
{
    struct linux_timeval now;
    struct linux_timezone wanted;
    u64 ns = 0;

    if (tv && copyin_obj(&now, tv))
        return -EFAULT;
    if (tv && (args_timeval_ns(&now, &ns) || ns >= TIME_REALTIME_LIMIT))
        return -EINVAL;
    if (tz && copyin_obj(&wanted, tz))
        return -EFAULT;
    if (tz && (wanted.tz_minuteswest > ZONE_LIMIT || wanted.tz_minuteswest < -ZONE_LIMIT))
        return -EINVAL;
    if (!caps_have(CAP_SYS_TIME))
        return -EPERM;
    if (tz) {
        WRITE_ONCE(zone.tz_minuteswest, wanted.tz_minuteswest);
        WRITE_ONCE(zone.tz_dsttime, wanted.tz_dsttime);
    }
    if (tv)
        clock_set(ns);
    return 0;
}

/* --- sleeping --- */

/* Nobody wakes this queue: a sleep ends by its deadline or a signal. */
static struct wait_queue sleepers = WAIT_QUEUE_INIT(sleepers, "sleep");

/*
 * Sleeps until `deadline` (of time_now_ns). A signal without a handler lets the sleep go on to the same
 * deadline, through restart_syscall; one with a handler makes it -EINTR, with the rest in
 * `remaining` (0: not wanted).
 */
static long sleep_until(u64 deadline, vaddr_t remaining)
{
    struct thread *t = current_thread();
    int err = wait_event_until(&sleepers, false, deadline, true);

    if (err == -ETIMEDOUT)
        return 0;
    u64 now = time_now_ns();
    if (remaining && args_put_timespec(remaining, deadline > now ? deadline - now : 0))
        return -EFAULT;
    t->restart_deadline = deadline;
    t->restart_remaining = remaining;
    return -ERESTART_RESTARTBLOCK;
}

SYSCALL0(restart_syscall)
{
    struct thread *t = current_thread();
    u64 deadline = t->restart_deadline;

    /* Nothing was interrupted: a program called this by itself. */
    if (!deadline)
        return -EINTR;
    t->restart_deadline = 0;
    return sleep_until(deadline, t->restart_remaining);
}

SYSCALL2(nanosleep, vaddr_t, time, vaddr_t, remaining)
{
    u64 ns;
    int err = args_timespec(time, &ns);

    return err ? err : sleep_until(args_deadline(ns), remaining);
}

static u64 date(bool tai)
{
    return tai ? time_tai_ns() : time_realtime_ns();
}

/*
 * The same to a time of the calendar, also when that is set meanwhile, or when a leap second comes into
 * it; one can simply sleep again.
 */
static long sleep_until_date(bool tai, u64 ns)
{
    u64 deadline;
    u32 seen;
    int err;

    do {
        seen = atomic_load_acquire(&clock_changes);
        deadline = tai ? time_tai_deadline(ns) : time_realtime_deadline(ns);
        err = wait_event_until(&clock_sleepers, READ_ONCE(clock_changes) != seen, deadline, true);
    } while (!err || (err == -ETIMEDOUT && date(tai) < ns));
    return err == -ETIMEDOUT ? 0 : -ERESTARTNOHAND;
}

SYSCALL4(clock_nanosleep, int, clock, int, flags, vaddr_t, time, vaddr_t, remaining)
{
    u64 ns;
    int err;

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
        clock != CLOCK_TAI)
        return clock == CLOCK_PROCESS_CPUTIME_ID ? -EOPNOTSUPP : -EINVAL;
    err = args_timespec(time, &ns);
    if (err)
        return err;
    if (!(flags & TIMER_ABSTIME))
        return sleep_until(args_deadline(ns), remaining);
    if (clock == CLOCK_REALTIME || clock == CLOCK_TAI)
        return sleep_until_date(clock == CLOCK_TAI, ns);
    /* To an absolute time one can simply sleep again; nothing remains to be told. */
    return sleep_until(args_absolute_deadline(false, ns), 0);
}

/* --- interval timers --- */

static struct linux_itimerval itimerval_of(u64 value, u64 interval)
{
    return (struct linux_itimerval){.it_value = args_timeval_of(value),
                                    .it_interval = args_timeval_of(interval)};
}

SYSCALL2(getitimer, int, which, vaddr_t, to)
{
    u64 value;
    u64 interval;
    int err = itimer_get(which, &value, &interval);

    if (err)
        return err;
    struct linux_itimerval out = itimerval_of(value, interval);
    return copyout_obj(to, &out);
}

SYSCALL3(setitimer, int, which, vaddr_t, from, vaddr_t, to)
{
    struct linux_itimerval in = {0};
    u64 value;
    u64 interval;
    u64 old_value;
    u64 old_interval;
    int err;

    if (from && copyin_obj(&in, from))
        return -EFAULT;
    if (args_timeval_ns(&in.it_value, &value) || args_timeval_ns(&in.it_interval, &interval))
        return -EINVAL;
    err = itimer_set(which, value, interval, &old_value, &old_interval);
    if (err || !to)
        return err;
    struct linux_itimerval out = itimerval_of(old_value, old_interval);
    return copyout_obj(to, &out);
}
