/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timerfd: a timer whose expirations are counted in a file. When it rings it is not armed again at once, but when
 * somebody looks, and what was missed is counted then: so a short interval costs no interrupt that nobody waits for.
 *
 * A time of the calendar is kept as such, and the timer is armed anew when the calendar is set; all other times
 * are those of time_now_ns().
 *
 * Lock: the object's spinlock, after the clock listeners' and before the timer queue's; wake-ups come after it.
 */
#include <fs/timerfd.h>

#include <abi/linux/event_files.h>
#include <abi/linux/poll.h>
#include <abi/linux/time.h>
#include <base/wait.h>
#include <fs/anon.h>
#include <fs/poll.h>
#include <kernel/clock_change.h>
#include <kernel/time.h>
#include <kernel/timer.h>
#include <lib/errno.h>
#include <mm/slab.h>

/* Sums of such times and the clock's do not wrap. */
#define LONGEST_NS ((u64)1 << 62)

struct timerfd {
    struct spinlock lock;
    struct timer timer;
    struct clock_listener listener;
    bool calendar_clock; /* CLOCK_REALTIME */
    bool calendar;       /* `due` is a time of the calendar */
    bool cancel;         /* reading fails once the calendar was set (TFD_TIMER_CANCEL_ON_SET) */
    bool cancelled;      /* that has happened */
    bool rung;           /* `due` has been counted, and the timer is not armed */
    u64 due, interval;   /* ns; 0: off; once */
    u64 ticks;           /* expirations that nobody has read */
    struct wait_queue wait;
};

/* --- the timer, under the lock --- */

static u64 now_of(const struct timerfd *t)
{
    return t->calendar ? time_realtime_ns() : time_now_ns();
}

static void arm(struct timerfd *t)
{
    timer_set_ns(&t->timer, t->calendar ? time_realtime_deadline(t->due) : t->due);
}

/* Counts what was missed since the timer rang, and arms it again. */
static void catch_up(struct timerfd *t)
{
    u64 now, missed;

    if (!t->rung)
        return;
    t->rung = false;
    if (!t->interval) {
        t->due = 0;
        return;
    }
    now = now_of(t);
    missed = now > t->due ? (now - t->due) / t->interval : 0; /* the calendar may have gone back */
    t->ticks += missed;
    t->due += (missed + 1) * t->interval;
    arm(t);
}

static void rings(struct timer *timer)
{
    struct timerfd *t = container_of(timer, struct timerfd, timer);
    bool due;

    spin_lock_nested(&t->lock);
    due = t->due && !t->rung && now_of(t) >= t->due; /* it has not been set anew meanwhile */
    if (due) {
        t->rung = true;
        t->ticks++;
    } else if (t->due && !t->rung) {
        arm(t);
    }
    spin_unlock_nested(&t->lock);
    if (due)
        wake_all(&t->wait);
}

static void calendar_set(struct clock_listener *listener, bool jumped)
{
    struct timerfd *t = container_of(listener, struct timerfd, listener);
    bool cancelled;

    spin_lock_nested(&t->lock);
    cancelled = jumped && t->calendar && t->cancel && t->due;
    t->cancelled |= cancelled;
    if (t->calendar && t->due && !t->rung)
        arm(t);
    spin_unlock_nested(&t->lock);
    if (cancelled)
        wake_all(&t->wait);
}

/* --- the file --- */

/* What a read returns: a number of expirations, -ECANCELED, or 0: nothing yet. */
static s64 take(struct timerfd *t)
{
    irqflags_t flags = spin_lock(&t->lock);
    s64 n = -ECANCELED;

    if (!t->cancelled) {
        catch_up(t);
        n = (s64)t->ticks;
    }
    t->cancelled = false;
    t->ticks = 0;
    spin_unlock(&t->lock, flags);
    return n;
}

static ssize_t timerfd_read(struct file *file, struct iobuf *to, u64 *pos)
{
    struct timerfd *t = file->private;
    s64 n;
    int err = 0;

    (void)pos;
    if (to->left < sizeof(n))
        return -EINVAL;
    n = take(t);
    if (!n && (file->flags & O_NONBLOCK))
        return -EAGAIN;
    if (!n)
        err = wait_event_interruptible(&t->wait, (n = take(t)));
    if (err)
        return -ERESTARTSYS;
    if (n < 0)
        return n;
    err = iobuf_write(to, &n, sizeof(n));
    return err ? err : (ssize_t)sizeof(n);
}

static u32 timerfd_poll(struct file *file, struct poll_table *table)
{
    struct timerfd *t = file->private;

    poll_on(table, &t->wait);
    return READ_ONCE(t->ticks) || READ_ONCE(t->cancelled) ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_release(struct file *file)
{
    struct timerfd *t = file->private;
    irqflags_t flags;

    clock_unlisten(&t->listener);
    flags = spin_lock(&t->lock);
    t->due = 0; /* one that rings right now arms nothing */
    spin_unlock(&t->lock, flags);
    timer_cancel(&t->timer);
    kfree(t);
}

static const struct file_ops timerfd_ops = {
    .stream = true, .read = timerfd_read, .poll = timerfd_poll, .release = timerfd_release};
static struct anon_kind timerfd_kind = ANON_KIND_INIT(timerfd_kind, "[timerfd]", &timerfd_ops);

/* --- the calls --- */

/* Under the lock. */
static void read_timer(struct timerfd *t, u64 *value, u64 *interval)
{
    u64 now;

    catch_up(t);
    now = now_of(t);
    *interval = t->interval;
    *value = 0;
    if (t->due) /* one that is due and has not rung yet is not off */
        *value = t->due > now ? t->due - now : 1;
}

static u64 due_time(const struct timerfd *t, bool absolute, u64 value)
{
    value = MIN(value, LONGEST_NS);
    if (absolute && t->calendar_clock)
        return value;
    return value + (absolute ? time_boot_ns() : time_now_ns());
}

int timerfd_get(struct file *file, u64 *value, u64 *interval)
{
    struct timerfd *t = file->private;
    irqflags_t flags;

    if (file->ops != &timerfd_ops)
        return -EINVAL;
    flags = spin_lock(&t->lock);
    read_timer(t, value, interval);
    spin_unlock(&t->lock, flags);
    return 0;
}

int timerfd_set(struct file *file, unsigned flags, u64 value, u64 interval, u64 *old_value,
                u64 *old_interval)
{
    struct timerfd *t = file->private;
    bool absolute = flags & TFD_TIMER_ABSTIME;
    irqflags_t irq;

    if (file->ops != &timerfd_ops || (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)))
        return -EINVAL;
    irq = spin_lock(&t->lock);
    read_timer(t, old_value, old_interval);
    t->calendar = absolute && t->calendar_clock;
    t->cancel = flags & TFD_TIMER_CANCEL_ON_SET;
    t->cancelled = t->rung = false;
    t->ticks = 0;
    t->interval = MIN(interval, LONGEST_NS);
    t->due = value ? MAX(due_time(t, absolute, value), 1ul) : 0;
    if (t->due)
        arm(t);
    else
        timer_cancel_nowait(&t->timer);
    spin_unlock(&t->lock, irq);
    return 0;
}

int timerfd_create(int clock, unsigned flags)
{
    struct timerfd *t;
    int fd;

    if ((flags & ~(unsigned)(TFD_CLOEXEC | TFD_NONBLOCK)) ||
        (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
         clock != CLOCK_REALTIME_ALARM && clock != CLOCK_BOOTTIME_ALARM))
        return -EINVAL;
    t = kzalloc(sizeof(*t));
    if (!t)
        return -ENOMEM;
    spin_init(&t->lock, "timerfd");
    wait_queue_init(&t->wait, "timerfd wait");
    timer_init(&t->timer, rings);
    t->calendar_clock = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
    clock_listen(&t->listener, calendar_set);
    fd = anon_install(&timerfd_kind, t, O_RDWR | flags);
    if (fd < 0) {
        clock_unlisten(&t->listener);
        kfree(t);
    }
    return fd;
}
