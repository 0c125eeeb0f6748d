/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks of cpu time. See <kernel/cpu_clock.h>. Lock: process_lock, for the threads of a process. */
#include <abi/linux/time.h>
#include <kernel/cpu_clock.h>
#include <kernel/process.h>
#include <lib/errno.h>

/* A negative clock number: the inverse of an id, and three bits. */
#define NUMBER_THREAD 4
#define NUMBER_KIND   3

bool cpu_clock_decode(int number, struct cpu_clock *clock)
{
    *clock = (struct cpu_clock){.kind = CPU_CLOCK_SCHED};
    if (number == CLOCK_PROCESS_CPUTIME_ID)
        return true;
    if (number == CLOCK_THREAD_CPUTIME_ID) {
        clock->thread = true;
        return true;
    }
    if (number >= 0 || (number & NUMBER_KIND) > CPU_CLOCK_SCHED)
        return false;
    clock->id = ~(number >> 3);
    clock->thread = number & NUMBER_THREAD;
    clock->kind = (enum cpu_clock_kind)(number & NUMBER_KIND);
    return true;
}

static u64 time_of(enum cpu_clock_kind kind, const struct usage *usage)
{
    return usage->user_ns + (kind == CPU_CLOCK_VIRT ? 0 : usage->system_ns);
}

u64 cpu_clock_of_locked(const struct cpu_clock *clock, struct process *p)
{
    struct usage usage = {.user_ns = 0};
    struct thread *t = clock->thread ? process_thread(p, clock->id) : NULL;

    if (t)
        thread_usage(t, &usage);
    else if (!clock->thread)
        process_usage_locked(p, &usage);
    return time_of(clock->kind, &usage);
}

static int read_thread(const struct cpu_clock *clock, u64 *ns)
{
    struct process *p = current_process();
    irqflags_t flags = spin_lock(&process_lock);
    int err = process_thread(p, clock->id) ? 0 : -EINVAL;

    if (!err)
        *ns = cpu_clock_of_locked(clock, p);
    spin_unlock(&process_lock, flags);
    return err;
}

int cpu_clock_read(const struct cpu_clock *clock, u64 *ns)
{
    struct cpu_clock of = *clock;
    struct process *p;
    irqflags_t flags;

    if (!of.id)
        of.id = of.thread ? current_thread()->tid : current_pid();
    if (of.thread)
        return read_thread(&of, ns);
    p = process_find(of.id);
    if (!p)
        return -EINVAL;
    flags = spin_lock(&process_lock);
    *ns = cpu_clock_of_locked(&of, p);
    spin_unlock(&process_lock, flags);
    process_put(p);
    return 0;
}
