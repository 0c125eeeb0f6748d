/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits, and what was used: rlimits, rusage, times, nice values. */
#include "args.h"
#include "syscall.h"
#include "usage.h"

#include <arch/mmu.h>
#include <kernel/process.h>
#include <kernel/run_queue.h>
#include <kernel/time.h>
#include <mm/usercopy.h>

static_assert(RLIM_NLIMITS == RLIMIT_COUNT && RLIM_INFINITY == RLIMIT_NONE, "limits as on Linux");
static_assert(sizeof(struct rlimit) == sizeof(struct linux_rlimit), "struct rlimit64");

void usage_to_rusage(const struct usage *usage, struct linux_rusage *out)
{
    *out = (struct linux_rusage){
        .ru_utime = args_timeval_of(usage->user_ns),
        .ru_stime = args_timeval_of(usage->system_ns),
        .ru_maxrss = (s64)(usage->max_rss_pages * (PAGE_SIZE / KiB)),
        .ru_minflt = (s64)usage->faults_minor,
        .ru_majflt = (s64)usage->faults_major,
        .ru_nvcsw = (s64)usage->switches_voluntary,
        .ru_nivcsw = (s64)usage->switches_forced,
    };
}

static struct usage children_usage(void)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct usage usage = current_process()->children_usage;

    spin_unlock(&process_lock, flags);
    return usage;
}

/* Of what a process has used, the current thread's part; memory is nobody's alone. */
static void own_usage(struct usage *usage)
{
    u64 peak = usage->max_rss_pages;

    thread_usage(current_thread(), usage);
    usage->max_rss_pages = peak;
}

SYSCALL2(getrusage, int, who, vaddr_t, to)
{
    struct linux_rusage out;
    struct usage usage;

    if (who == RUSAGE_SELF || who == RUSAGE_THREAD)
        process_usage(current_process(), &usage);
    else if (who == RUSAGE_CHILDREN)
        usage = children_usage();
    else
        return -EINVAL;
    if (who == RUSAGE_THREAD)
        own_usage(&usage);
    usage_to_rusage(&usage, &out);
    return copyout_obj(to, &out);
}

static s64 clock_ticks(u64 ns)
{
    return (s64)(ns / (NSEC_PER_SEC / CLOCK_TICKS_PER_SECOND));
}

SYSCALL1(times, vaddr_t, to)
{
    struct process *p = current_process();
    struct usage usage;

    struct usage children = children_usage();

    process_usage(p, &usage);
    struct linux_tms tms = {
        .tms_utime = clock_ticks(usage.user_ns),
        .tms_stime = clock_ticks(usage.system_ns),
        .tms_cutime = clock_ticks(children.user_ns),
        .tms_cstime = clock_ticks(children.system_ns),
    };
    if (to && copyout_obj(to, &tms))
        return -EFAULT;
    return clock_ticks(time_now_ns() - time_boot_ns());
}

static long get_limit(unsigned resource, vaddr_t to)
{
    struct rlimit limit;
    int err = rlimit_get(current_process(), resource, &limit);

    return err ? err : copyout_obj(to, &limit);
}

static int apply_limit(unsigned resource, const struct rlimit *limit)
{
    int err = rlimit_set(resource, limit);

    if (!err && resource == RLIMIT_CPU)
        itimer_watch(current_process());
    return err;
}

static long set_limit(unsigned resource, vaddr_t from)
{
    struct rlimit limit;
    int err = copyin_obj(&limit, from);

    if (err)
        return err;
    return limit.soft > limit.hard ? -EINVAL : apply_limit(resource, &limit);
}

SYSCALL2(getrlimit, unsigned, resource, vaddr_t, to)
{
    return get_limit(resource, to);
}

SYSCALL2(setrlimit, unsigned, resource, vaddr_t, from)
{
    return set_limit(resource, from);
}

/* The new limit is read and checked before the old one is told, and set only after that. */
SYSCALL4(prlimit64, int, pid, unsigned, resource, vaddr_t, from, vaddr_t, to)
{
    struct rlimit limit;

    if (pid && pid != current_pid())
        return process_getsid(pid) < 0 ? -ESRCH : -EPERM;
    if (resource >= RLIMIT_COUNT)
        return -EINVAL;
    if (from && copyin_obj(&limit, from))
        return -EFAULT;
    if (from && limit.soft > limit.hard)
        return -EINVAL;
    if (to) {
        long err = get_limit(resource, to);
        if (err)
            return err;
    }
    return from ? apply_limit(resource, &limit) : 0;
}

/* The result is 20 - nice, so that no good one is negative. */
SYSCALL2(getpriority, int, which, int, who)
{
    int nice;
    int err = process_get_nice(which, who, &nice);

    return err ? err : 20 - nice;
}

SYSCALL3(setpriority, int, which, int, who, int, nice)
{
    nice = MAX(NICE_MIN, MIN(nice, NICE_MAX));
    return process_set_nice(which, who, nice);
}
