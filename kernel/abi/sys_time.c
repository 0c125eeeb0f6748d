/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks, sleeping, interval timers. */
#include "args.h"
#include "syscall.h"

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

/* A sleep that a signal ends, at `now` of its clock: tells what remains, if that is wanted, and how it would go on. */
static long interrupted(const struct restart *how, u64 now)
{
    if (how->addr && args_put_timespec(how->addr, how->until > now ? how->until - now : 0))
        return -EFAULT;
    current_thread()->restart = *how;
    return -ERESTART_RESTARTBLOCK;
}

static long sleep_again(const struct restart *how);
static long sleep_by_cpu_again(const struct restart *how);

/*
 * Sleeps until `deadline` (of time_now_ns). A signal without a handler lets the sleep go on to the same
 * deadline, through restart_syscall; one with a handler makes it -EINTR, with the rest in
 * `remaining` (0: not wanted).
 */
static long sleep_until(u64 deadline, vaddr_t remaining)
{
    int err = wait_event_until(&sleepers, false, deadline, true);

    if (err == -ETIMEDOUT)
        return 0;
    struct restart how = {.go_on = sleep_again, .until = deadline, .addr = remaining};
    return interrupted(&how, time_now_ns());
}

static long sleep_again(const struct restart *how)
{
    return sleep_until(how->until, how->addr);
}

SYSCALL0(restart_syscall)
{
    struct thread *t = current_thread();
    struct restart how = t->restart;

    /* Nothing was interrupted: a program called this by itself. */
    if (!how.go_on)
        return -EINTR;
    t->restart.go_on = NULL;
    return how.go_on(&how);
}

SYSCALL2(nanosleep, vaddr_t, time, vaddr_t, remaining)
{
    u64 ns;
    int err = args_timespec(time, &ns);

    return err ? err : sleep_until(args_deadline(ns), remaining);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* The same to a time of the calendar; one can simply sleep again. */
static long sleep_until_date(bool tai, u64 ns)
{
    struct wait_queue queue;
    int err;

    wait_queue_init(&queue, "sleep");
    err = clock_wait_date(&queue, never, NULL, tai, ns);
    return err == -ETIMEDOUT ? 0 : -ERESTARTNOHAND;
}

/* -EINVAL: no such clock; -EOPNOTSUPP: not to sleep by (alarms: as on Linux where nothing wakes the machine). */
static int can_sleep_by(int clock)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
    case CLOCK_PROCESS_CPUTIME_ID:
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
        return -EOPNOTSUPP;
    default:
        return clock < 0 ? 0 : -EINVAL;
    }
}

/* Until a clock of cpu time shows `until`; absolute: one can simply sleep again. */
static long sleep_by_cpu(int number, bool absolute, u64 until, vaddr_t remaining)
{
    struct restart how = {
        .go_on = sleep_by_cpu_again, .until = until, .addr = remaining, .value = (u32)number};
    struct cpu_clock clock;
    u64 now;
    int err = cpu_clock_decode(number, &clock) ? cpu_clock_sleep(&clock, until) : -EINVAL;

    if (err != -EINTR)
        return err;
    if (absolute)
        return -ERESTARTNOHAND;
    return cpu_clock_read(&clock, &now) ? -EINVAL : interrupted(&how, now);
}

static long sleep_by_cpu_again(const struct restart *how)
{
    return sleep_by_cpu((int)how->value, false, how->until, how->addr);
}

static long sleep_by_cpu_call(int number, bool absolute, u64 ns, vaddr_t remaining)
{
    struct cpu_clock clock;
    u64 now;

    if (!cpu_clock_decode(number, &clock) || cpu_clock_read(&clock, &now))
        return -EINVAL;
    if (!absolute)
        ns = ns > TIME_NEVER - now ? TIME_NEVER : now + ns;
    return sleep_by_cpu(number, absolute, ns, remaining);
}

SYSCALL4(clock_nanosleep, int, clock, int, flags, vaddr_t, time, vaddr_t, remaining)
{
    bool absolute = flags & TIMER_ABSTIME;
    u64 ns;
    int err = can_sleep_by(clock);

    if (!err)
        err = args_timespec(time, &ns);
    if (err)
        return err;
    if (clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID)
        return sleep_by_cpu_call(clock, absolute, ns, remaining);
    if (!absolute)
        return sleep_until(args_deadline(ns), remaining);
    if (clock == CLOCK_REALTIME || clock == CLOCK_TAI)
        return sleep_until_date(clock == CLOCK_TAI, ns);
    /* To an absolute time one can simply sleep again; nothing remains to be told. */
    return sleep_until(args_absolute_deadline(ns), 0);
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
