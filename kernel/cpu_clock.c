/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks of cpu time. See <kernel/cpu_clock.h>. Who sleeps by one is among the alarms of the process that it belongs to,
 * and so is woken by the checks of its cpu time (kernel/itimer.c). Lock: process_lock, for the threads of a process
 * and for its alarms.
 */
#include <abi/linux/time.h>
#include <base/atomic.h>
#include <base/wait.h>
#include <kernel/cpu_clock.h>
#include <kernel/process.h>
#include <kernel/time.h>
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

/* --- sleeping --- */

/* Sums of such times and the clock's do not wrap; 146 years are for ever. */
#define LONGEST_NS ((u64)1 << 62)

struct sleeper {
    struct cpu_alarm alarm;
    struct cpu_clock clock;
    struct process *process;
    u64 until;
    struct wait_queue queue;
    bool due;
};

static u64 check_sleeper(struct cpu_alarm *alarm)
{
    struct sleeper *s = container_of(alarm, struct sleeper, alarm);
    u64 now = cpu_clock_of_locked(&s->clock, s->process);

    if (now < s->until)
        return s->until - now;
    atomic_store_release(&s->due, true);
    wake_all(&s->queue);
    return TIME_NEVER;
}

/* Under process_lock. */
static int join_alarms(struct sleeper *s)
{
    if (s->clock.thread && !process_thread(s->process, s->clock.id))
        return -EINVAL;
    list_push_back(&s->process->cpu_alarms, &s->alarm.link);
    check_sleeper(&s->alarm); /* what is over by now needs nobody to run */
    return 0;
}

static int sleep_by(struct sleeper *s)
{
    irqflags_t flags = spin_lock(&process_lock);
    int err = join_alarms(s);

    spin_unlock(&process_lock, flags);
    if (err)
        return err;
    if (!s->due)
        itimer_watch(s->process);
    err = wait_event_interruptible(&s->queue, atomic_load_acquire(&s->due));
    flags = spin_lock(&process_lock);
    list_remove(&s->alarm.link);
    spin_unlock(&process_lock, flags);
    return err;
}

int cpu_clock_sleep(const struct cpu_clock *clock, u64 until)
{
    struct sleeper s = {
        .alarm.check = check_sleeper, .clock = *clock, .until = MIN(until, LONGEST_NS)};
    int err;

    if (clock->thread && (!clock->id || clock->id == current_thread()->tid))
        return -EINVAL;
    s.process = process_find(clock->thread || !clock->id ? current_pid() : clock->id);
    if (!s.process)
        return -EINVAL;
    wait_queue_init(&s.queue, "cpu time");
    err = sleep_by(&s);
    process_put(s.process);
    return err;
}
