/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interval timers and the limit on cpu time. ITIMER_REAL is a timer of the queue; the others are
 * compared with the process's cpu time when one of its threads has run for as long as the process may
 * until the first of them is due (sched_check_after). Lock: process_lock for the fields.
 */
#include <abi/linux/resource.h>
#include <abi/linux/time.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <lib/errno.h>

/* Sums of such times and the clock's do not wrap; 146 years are for ever. */
#define LONGEST_NS ((u64)1 << 62)

/*
 * Alarms that follow each other faster than this would leave the cpu time for nothing else. The next one
 * need not come at all before the last one has been taken, except that one that is ignored never is.
 */
#define REST_NS         (100 * NSEC_PER_USEC)
#define UNTAKEN_REST_NS (10 * NSEC_PER_MSEC)

/* The time in which the timer counts, in ns. */
static u64 clock_of(struct process *p, int which)
{
    struct usage usage;

    if (which == ITIMER_REAL)
        return time_now_ns();
    process_usage_locked(p, &usage);
    return usage.user_ns + (which == ITIMER_PROF ? usage.system_ns : 0);
}

/* The timer was due at its deadline; moves that on behind `now`, or switches the timer off. */
static void advance(struct itimer *timer, u64 now)
{
    u64 missed;

    if (!timer->interval) {
        timer->deadline = 0;
        return;
    }
    missed = (now - timer->deadline) / timer->interval;
    timer->deadline += (missed + 1) * timer->interval;
}

static void alarm_rings(struct timer *timer)
{
    struct process *p = container_of(timer, struct process, alarm);
    struct itimer *real = &p->itimer[ITIMER_REAL];
    u64 now = time_now_ns();

    spin_lock_nested(&process_lock);
    if (real->deadline && now >= real->deadline) { /* it has not been set anew meanwhile */
        sig_send_process(p, SIGALRM, NULL);
        advance(real, now);
        if (real->deadline)
            timer_set_ns(&p->alarm, MAX(real->deadline, now + UNTAKEN_REST_NS));
    }
    spin_unlock_nested(&process_lock);
}

void itimer_alarm_taken(struct process *p)
{
    struct itimer *real = &p->itimer[ITIMER_REAL];
    irqflags_t flags;

    if (!READ_ONCE(real->interval))
        return;
    flags = spin_lock(&process_lock);
    if (real->deadline)
        timer_set_ns(&p->alarm, MAX(real->deadline, time_now_ns() + REST_NS));
    spin_unlock(&process_lock, flags);
}

static void read_timer(struct process *p, int which, u64 now, u64 *value, u64 *interval)
{
    const struct itimer *timer = &p->itimer[which];

    *interval = timer->interval;
    *value = 0;
    if (timer->deadline) /* one that is due and has not rung yet is not off */
        *value = timer->deadline > now ? timer->deadline - now : 1;
}

int itimer_get(int which, u64 *value_ns, u64 *interval_ns)
{
    struct process *p = current_process();
    irqflags_t flags;

    if (which < 0 || which >= ITIMERS)
        return -EINVAL;
    flags = spin_lock(&process_lock);
    read_timer(p, which, clock_of(p, which), value_ns, interval_ns);
    spin_unlock(&process_lock, flags);
    return 0;
}

/*
 * Under process_lock, which orders whoever sets the alarm. Its function may be about to run elsewhere
 * and finds out then that it is not due.
 */
static void set_alarm(struct process *p, u64 deadline)
{
    if (!p->alarm.fn)
        timer_init(&p->alarm, alarm_rings);
    if (deadline)
        timer_set_ns(&p->alarm, deadline);
    else
        timer_cancel_nowait(&p->alarm);
}

int itimer_set(int which, u64 value_ns, u64 interval_ns, u64 *old_value, u64 *old_interval)
{
    struct process *p = current_process();
    irqflags_t flags;
    u64 now;

    if (which < 0 || which >= ITIMERS)
        return -EINVAL;
    value_ns = MIN(value_ns, LONGEST_NS);
    interval_ns = MIN(interval_ns, LONGEST_NS);
    flags = spin_lock(&process_lock);
    now = clock_of(p, which);
    read_timer(p, which, now, old_value, old_interval);
    p->itimer[which] = (struct itimer){.deadline = value_ns ? now + value_ns : 0,
                                       .interval = value_ns ? interval_ns : 0};
    if (which == ITIMER_REAL)
        set_alarm(p, p->itimer[which].deadline);
    spin_unlock(&process_lock, flags);
    if (which != ITIMER_REAL && value_ns)
        itimer_watch(p);
    return 0;
}

/* The cancelling waits for an alarm that rings elsewhere: without process_lock, which that takes. */
void itimer_stop(struct process *p)
{
    irqflags_t flags;

    if (!p->alarm.fn)
        return;
    flags = spin_lock(&process_lock);
    p->itimer[ITIMER_REAL].deadline = 0;
    spin_unlock(&process_lock, flags);
    timer_cancel(&p->alarm);
}

/* --- cpu time --- */

/* Checks do not follow each other faster than this, whatever runs beside the thread that is checked. */
#define CHECK_REST_NS NSEC_PER_MSEC

void itimer_watch(struct process *p)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *t;

    p->cpu_limits = true;
    list_for_each_entry (t, &p->threads, process_link)
        sched_check_after(t, 0);
    spin_unlock(&process_lock, flags);
}

/* Sends what is due, and returns how far off the timer then is. */
static u64 check_timer(struct process *p, int which, u64 now, int sig)
{
    struct itimer *timer = &p->itimer[which];

    if (timer->deadline && now >= timer->deadline) {
        advance(timer, now);
        sig_send_process(p, sig, NULL);
    }
    return timer->deadline ? timer->deadline - now : TIME_NEVER;
}

/* What is left of a limit in seconds. */
static u64 left_of(u64 seconds, u64 now)
{
    u64 limit = seconds < LONGEST_NS / NSEC_PER_SEC ? seconds * NSEC_PER_SEC : TIME_NEVER;

    return limit == TIME_NEVER ? TIME_NEVER : limit > now ? limit - now : 0;
}

/* SIGXCPU at the soft limit and every second after it, SIGKILL at the hard one; then as above. */
static u64 check_limit(struct process *p, u64 now)
{
    const struct rlimit *limit = &p->limit[RLIMIT_CPU];
    u64 hard = left_of(limit->hard, now);
    u64 soft = left_of(limit->soft, now);

    if (!hard) {
        sig_send_process(p, SIGKILL, NULL);
        return TIME_NEVER;
    }
    if (!soft && now >= p->cpu_warned_ns + NSEC_PER_SEC) {
        p->cpu_warned_ns = now;
        sig_send_process(p, SIGXCPU, NULL);
    }
    if (!soft)
        soft = p->cpu_warned_ns + NSEC_PER_SEC - now;
    return MIN(hard, soft);
}

/* Each of the threads may use up what is left at the same time. */
static u64 share_of(const struct process *p, u64 left)
{
    const struct thread *t;
    u64 threads = 0;

    if (left == TIME_NEVER)
        return left;
    list_for_each_entry (t, &p->threads, process_link)
        threads++;
    return MAX(left / MAX(threads, 1ul), CHECK_REST_NS);
}

u64 itimer_check(struct process *p)
{
    struct cpu_alarm *alarm;
    struct usage usage;
    u64 total, left;

    spin_lock_nested(&process_lock);
    process_usage_locked(p, &usage);
    total = usage.user_ns + usage.system_ns;
    left = check_limit(p, total);
    left = MIN(left, check_timer(p, ITIMER_VIRTUAL, usage.user_ns, SIGVTALRM));
    left = MIN(left, check_timer(p, ITIMER_PROF, total, SIGPROF));
    list_for_each_entry (alarm, &p->cpu_alarms, link)
        left = MIN(left, alarm->check(alarm));
    left = share_of(p, left);
    spin_unlock_nested(&process_lock);
    return left;
}
