/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who wants to know that the calendar has changed. Lock: one spinlock for the list, held while listeners are called,
 * so that none is called any more once it has gone. Two changes at a time need no order: whoever is told looks at
 * the clock itself, and is told once more after the later one.
 */
#include <base/atomic.h>
#include <base/spinlock.h>
#include <kernel/clock_change.h>
#include <kernel/time.h>
#include <lib/errno.h>

static struct spinlock listeners_lock = SPINLOCK_INIT("clock listeners");
static struct list listeners = LIST_INIT(listeners);

static u32 changes; /* how often somebody was told */

void clock_listen(struct clock_listener *listener, void (*changed)(struct clock_listener *, bool))
{
    irqflags_t flags = spin_lock(&listeners_lock);

    listener->changed = changed;
    list_push_back(&listeners, &listener->link);
    spin_unlock(&listeners_lock, flags);
}

void clock_unlisten(struct clock_listener *listener)
{
    irqflags_t flags = spin_lock(&listeners_lock);

    list_remove(&listener->link);
    spin_unlock(&listeners_lock, flags);
}

void clock_tell(bool jumped)
{
    struct clock_listener *listener;
    irqflags_t flags = spin_lock(&listeners_lock);

    atomic_fetch_add(&changes, 1u);
    list_for_each_entry (listener, &listeners, link)
        listener->changed(listener, jumped);
    spin_unlock(&listeners_lock, flags);
}

/* --- waiting for a date --- */

struct date_waiter {
    struct clock_listener listener;
    struct wait_queue *queue;
};

static void look_again(struct clock_listener *listener, bool jumped)
{
    (void)jumped;
    wake_all(container_of(listener, struct date_waiter, listener)->queue);
}

static u64 date(bool tai)
{
    return tai ? time_tai_ns() : time_realtime_ns();
}

/* The deadline is computed after the look at `changes`: a change since then is seen, or has been counted in it. */
int clock_wait_date(struct wait_queue *queue, bool (*done)(void *arg), void *arg, bool tai, u64 ns)
{
    struct date_waiter w = {.queue = queue};
    int err;

    clock_listen(&w.listener, look_again);
    do {
        u32 seen = atomic_load_acquire(&changes);
        u64 deadline = tai ? time_tai_deadline(ns) : time_realtime_deadline(ns);

        err = wait_event_until(queue, done(arg) || READ_ONCE(changes) != seen, deadline, true);
    } while (err ? err == -ETIMEDOUT && date(tai) < ns : !done(arg));
    clock_unlisten(&w.listener);
    return err;
}
