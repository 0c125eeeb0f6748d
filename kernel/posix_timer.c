/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX timers. A timer has one signal, which is a part of it: so it can always be sent, and is pending once or not
 * at all. What expires while it is pending is counted, and told as overrun when somebody takes it.
 *
 * A timer rings at its deadline, but not sooner than a while after its last signal was taken, and rarely while it is
 * not: short intervals must not eat up the cpu. Nothing is lost by that but overruns, which are computed.
 *
 * Timers on a clock of cpu time ring from the checks of that (kernel/itimer.c), the others from the timer queue.
 *
 * Lock: process_lock, for all timers of all processes; the clock listeners' comes before it.
 */
#include <abi/linux/resource.h>
#include <abi/linux/signal.h>
#include <abi/linux/time.h>
#include <base/init.h>
#include <kernel/clock_change.h>
#include <kernel/cpu_clock.h>
#include <kernel/posix_timer.h>
#include <kernel/process.h>
#include <kernel/sigqueue.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <mm/slab.h>

/* Sums of such times and the clock's do not wrap; 146 years are for ever. */
#define LONGEST_NS ((u64)1 << 62)

/* How soon a timer may ring again after its signal was taken, and while that is not. */
#define REST_NS         (100 * NSEC_PER_USEC)
#define UNTAKEN_REST_NS (10 * NSEC_PER_MSEC)

#define OVERRUN_MOST 0x7fffffffu

struct posix_timer {
    struct id_node node;
    struct process *process; /* whose part it is: it lives longer */
    struct posix_timer_plan plan;
    enum { WALL, CALENDAR, TAI, CPU } kind; /* how `due` is to be read; CALENDAR, TAI: a date */
    struct cpu_clock cpu_clock;
    u64 due, interval; /* ns; 0: off; once */
    u32 overrun;       /* of the signal that is pending */
    u32 last_overrun;  /* of the last one that was taken */
    struct timer timer;
    struct clock_listener listener;
    struct cpu_alarm alarm;
    struct sig_queued signal;
};

/* What PROC_PART_TIMERS holds; NULL until there is a first timer. */
struct posix_timers {
    struct id_tree tree;
    int next_id;
};

/* --- ringing, under process_lock --- */

static u64 now_of(struct posix_timer *t)
{
    switch (t->kind) {
    case CPU:
        return cpu_clock_of_locked(&t->cpu_clock, t->process);
    case CALENDAR:
        return time_realtime_ns();
    case TAI:
        return time_tai_ns();
    default:
        return time_now_ns();
    }
}

/* `due` on the clock of deadlines. */
static u64 deadline_of(const struct posix_timer *t)
{
    switch (t->kind) {
    case CALENDAR:
        return time_realtime_deadline(t->due);
    case TAI:
        return time_tai_deadline(t->due);
    default:
        return t->due;
    }
}

/* Arms the timer for its deadline, or at the earliest `rest` ns from now. That it is a cpu clock's, the checks see. */
static void arm(struct posix_timer *t, u64 rest)
{
    if (t->due && t->kind != CPU && t->plan.notify != SIGEV_NONE)
        timer_set_ns(&t->timer, MAX(deadline_of(t), time_now_ns() + rest));
}

/* The timer was due: how often, by `now`. Moves its deadline behind that, or switches it off. */
static u64 advance(struct posix_timer *t, u64 now)
{
    u64 times = 1;

    if (t->interval) {
        times += (now - t->due) / t->interval;
        t->due += times * t->interval;
    } else {
        t->due = 0;
    }
    return times;
}

static void add_overrun(struct posix_timer *t, u64 times)
{
    t->overrun = (u32)MIN(t->overrun + times, (u64)OVERRUN_MOST);
}

static void fill_signal(struct posix_timer *t)
{
    sig_info_init(&t->signal.info, t->plan.signo, SI_TIMER);
    t->signal.info.timer.timerid = t->node.id;
    t->signal.info.timer.value = t->plan.value_is_id ? (u64)t->node.id : t->plan.value;
}

/* Sends what is due by `now`. */
static void expire(struct posix_timer *t, u64 now)
{
    u64 times = advance(t, now);
    int tid = t->plan.notify == SIGEV_THREAD_ID ? t->plan.tid : 0;

    if (sig_is_queued(t->process, &t->signal)) {
        add_overrun(t, times);
        return;
    }
    fill_signal(t);
    t->overrun = 0;
    add_overrun(t, times - 1);
    sig_send_kept(t->process, tid, &t->signal);
}

static void rings(struct timer *timer)
{
    struct posix_timer *t = container_of(timer, struct posix_timer, timer);
    u64 now, rest = 0;

    spin_lock_nested(&process_lock);
    now = now_of(t);
    if (t->due && now >= t->due) { /* it has not been set anew meanwhile */
        expire(t, now);
        rest = UNTAKEN_REST_NS;
    }
    arm(t, rest);
    spin_unlock_nested(&process_lock);
}

static void calendar_set(struct clock_listener *listener, bool jumped)
{
    (void)jumped;
    spin_lock_nested(&process_lock);
    arm(container_of(listener, struct posix_timer, listener), 0);
    spin_unlock_nested(&process_lock);
}

/* A check of cpu time: sends what is due and returns how far off the timer then is. */
static u64 check_cpu(struct cpu_alarm *alarm)
{
    struct posix_timer *t = container_of(alarm, struct posix_timer, alarm);
    u64 now;

    if (!t->due || t->plan.notify == SIGEV_NONE)
        return TIME_NEVER;
    now = now_of(t);
    if (now >= t->due)
        expire(t, now);
    return t->due ? t->due - now : TIME_NEVER;
}

/* --- finding, under process_lock --- */

static struct posix_timers *timers_of(struct process *p)
{
    return p->part[PROC_PART_TIMERS];
}

static struct posix_timer *find(struct process *p, int id)
{
    struct posix_timers *timers = timers_of(p);
    struct id_node *node = timers ? id_find(&timers->tree, id) : NULL;

    return node ? container_of(node, struct posix_timer, node) : NULL;
}

/* Somebody has taken the signal: tells him the overrun, and the timer may ring again. */
static void timer_taken(struct process *p, struct linux_siginfo *info)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct posix_timer *t = find(p, info->timer.timerid);
    u64 now;

    if (t) {
        now = now_of(t);
        if (t->due && now >= t->due)
            add_overrun(t, advance(t, now));
        t->last_overrun = t->overrun;
        info->timer.overrun = (s32)t->overrun;
        t->overrun = 0;
        arm(t, REST_NS);
    }
    spin_unlock(&process_lock, flags);
}

/* --- making --- */

static bool is_calendar(int clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

/* -EINVAL: there is no such clock; -EOPNOTSUPP: it has no timers. */
static int choose_clock(struct posix_timer *t)
{
    switch (t->plan.clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
    case CLOCK_TAI:
        return 0;
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
        return -EOPNOTSUPP;
    default:
        if (!cpu_clock_decode(t->plan.clock, &t->cpu_clock))
            return -EINVAL;
        t->kind = CPU;
        return 0;
    }
}

/* Of the caller's clocks: whose it is. Under process_lock. */
static int settle_cpu_clock(struct posix_timer *t)
{
    struct cpu_clock *clock = &t->cpu_clock;

    if (!clock->id)
        clock->id = clock->thread ? current_thread()->tid : t->process->own_pid;
    if (clock->thread)
        return process_thread(t->process, clock->id) ? 0 : -EINVAL;
    return clock->id == t->process->own_pid ? 0 : -EINVAL;
}

static int check_plan(const struct posix_timer_plan *plan, struct process *p)
{
    if (plan->notify == SIGEV_NONE)
        return 0;
    if (plan->notify == SIGEV_THREAD_ID && !process_thread(p, plan->tid))
        return -EINVAL;
    return plan->signo >= 1 && plan->signo <= NSIG ? 0 : -EINVAL;
}

/* Gives the timer an id and makes it known. Under process_lock. */
static int link_timer(struct posix_timer *t)
{
    struct process *p = t->process;
    struct posix_timers *timers = timers_of(p);
    int err = check_plan(&t->plan, p);

    if (!err && t->kind == CPU)
        err = settle_cpu_clock(t);
    if (!err && timers->tree.count >= p->limit[RLIMIT_SIGPENDING].soft)
        err = -EAGAIN;
    if (err)
        return err;
    do
        t->node.id = timers->next_id++ & 0x7fffffff;
    while (id_find(&timers->tree, t->node.id));
    id_insert(&timers->tree, &t->node);
    if (t->kind == CPU)
        list_push_back(&p->cpu_alarms, &t->alarm.link);
    return t->node.id;
}

/* The process's set of timers is there after this, if there is memory. */
static int make_timers(struct process *p)
{
    struct posix_timers *timers = kzalloc(sizeof(*timers));
    irqflags_t flags;

    if (!timers)
        return -ENOMEM;
    flags = spin_lock(&process_lock);
    if (!timers_of(p)) {
        p->part[PROC_PART_TIMERS] = timers;
        timers = NULL;
    }
    spin_unlock(&process_lock, flags);
    kfree(timers);
    return 0;
}

static struct posix_timer *make_timer(struct process *p, const struct posix_timer_plan *plan)
{
    struct posix_timer *t = kzalloc(sizeof(*t));

    if (!t)
        return NULL;
    t->process = p;
    t->plan = *plan;
    timer_init(&t->timer, rings);
    list_init(&t->listener.link);
    list_init(&t->alarm.link);
    t->alarm.check = check_cpu;
    list_init(&t->signal.link);
    t->signal.kept = true;
    return t;
}

int posix_timer_create(const struct posix_timer_plan *plan)
{
    struct process *p = current_process();
    struct posix_timer *t;
    irqflags_t flags;
    int id;

    if (!READ_ONCE(p->part[PROC_PART_TIMERS]) && make_timers(p))
        return -ENOMEM;
    t = make_timer(p, plan);
    if (!t)
        return -ENOMEM;
    id = choose_clock(t);
    if (!id) {
        if (is_calendar(plan->clock))
            clock_listen(&t->listener, calendar_set);
        flags = spin_lock(&process_lock);
        id = link_timer(t);
        spin_unlock(&process_lock, flags);
    }
    if (id < 0) {
        clock_unlisten(&t->listener);
        kfree(t);
    }
    return id;
}

/* --- setting and reading --- */

static void read_timer(struct posix_timer *t, u64 *value, u64 *interval)
{
    u64 now = now_of(t);

    *interval = t->interval;
    *value = 0;
    if (t->due > now)
        *value = t->due - now;
    else if (t->due && t->interval)
        *value = t->interval - (now - t->due) % t->interval;
    else if (t->due && t->plan.notify != SIGEV_NONE) /* is due, has not rung yet: it is not off */
        *value = 1;
}

static void choose_kind(struct posix_timer *t, bool absolute)
{
    if (t->kind == CPU)
        return;
    t->kind = WALL;
    if (absolute && is_calendar(t->plan.clock))
        t->kind = t->plan.clock == CLOCK_TAI ? TAI : CALENDAR;
}

/* Under process_lock: the function of the timer may be about to run elsewhere and finds out that it is not due. */
static void set_timer(struct posix_timer *t, bool absolute, u64 value, u64 interval)
{
    choose_kind(t, absolute);
    t->interval = MIN(interval, LONGEST_NS);
    t->due = 0;
    if (value) {
        value = MIN(value, LONGEST_NS);
        t->due = MAX(1ul, !absolute         ? value + now_of(t)
                          : t->kind == WALL ? value + time_boot_ns()
                                            : value);
    }
    t->last_overrun = 0;
    if (t->due)
        arm(t, 0);
    else
        timer_cancel_nowait(&t->timer);
}

int posix_timer_set(int id, bool absolute, u64 value, u64 interval, u64 *old_value,
                    u64 *old_interval)
{
    struct process *p = current_process();
    irqflags_t flags = spin_lock(&process_lock);
    struct posix_timer *t = find(p, id);
    bool watch = t && t->kind == CPU && value;

    if (t) {
        read_timer(t, old_value, old_interval);
        set_timer(t, absolute, value, interval);
    }
    spin_unlock(&process_lock, flags);
    if (watch)
        itimer_watch(p);
    return t ? 0 : -EINVAL;
}

int posix_timer_get(int id, u64 *value, u64 *interval)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct posix_timer *t = find(current_process(), id);

    if (t)
        read_timer(t, value, interval);
    spin_unlock(&process_lock, flags);
    return t ? 0 : -EINVAL;
}

int posix_timer_overrun(int id)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct posix_timer *t = find(current_process(), id);
    int overrun = t ? (int)t->last_overrun : -EINVAL;

    spin_unlock(&process_lock, flags);
    return overrun;
}

/* --- the end --- */

/* Under process_lock: from here on nobody finds the timer, and it rings no more. */
static void unlink_timer(struct posix_timers *timers, struct posix_timer *t)
{
    id_remove(&timers->tree, &t->node);
    list_remove(&t->alarm.link);
    t->due = 0;
}

/* The cancelling waits for a timer that rings elsewhere: without process_lock, which that takes. */
static void free_timer(struct posix_timer *t)
{
    clock_unlisten(&t->listener);
    timer_cancel(&t->timer);
    sig_release_kept(t->process, &t->signal);
    kfree(t);
}

int posix_timer_delete(int id)
{
    struct process *p = current_process();
    irqflags_t flags = spin_lock(&process_lock);
    struct posix_timer *t = find(p, id);

    if (t)
        unlink_timer(timers_of(p), t);
    spin_unlock(&process_lock, flags);
    if (!t)
        return -EINVAL;
    free_timer(t);
    return 0;
}

static struct posix_timer *unlink_first(struct process *p)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct posix_timers *timers = timers_of(p);
    struct id_node *node = timers ? id_next(&timers->tree, -1) : NULL;
    struct posix_timer *t = node ? container_of(node, struct posix_timer, node) : NULL;

    if (t)
        unlink_timer(timers, t);
    spin_unlock(&process_lock, flags);
    return t;
}

static void end_timers(struct process *p)
{
    struct posix_timer *t;

    if (!timers_of(p))
        return;
    while ((t = unlink_first(p)))
        free_timer(t);
    kfree(p->part[PROC_PART_TIMERS]);
    p->part[PROC_PART_TIMERS] = NULL;
}

static const struct proc_part timers_part = {
    .name = "timers", .exec = end_timers, .exit = end_timers};

static void posix_timer_init(void)
{
    proc_part_register(PROC_PART_TIMERS, &timers_part);
    sig_upcalls.timer_taken = timer_taken;
}
INITCALL(INIT_FS, posix_timer_init);
