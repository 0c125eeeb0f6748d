/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Setting the calendar, and who wants to know. Lock: one spinlock for the list, held while listeners are called,
 * so that none is called any more once it has gone; whoever sets the calendar at the same time as another is
 * put in order by a lock around both halves.
 */
#include <base/atomic.h>
#include <base/mutex.h>
#include <kernel/clock_change.h>
#include <kernel/time.h>

static struct mutex setting = MUTEX_INIT(setting, "clock setting");
static struct spinlock listeners_lock = SPINLOCK_INIT("clock listeners");
static struct list listeners = LIST_INIT(listeners);

u32 clock_changes;
struct wait_queue clock_sleepers = WAIT_QUEUE_INIT(clock_sleepers, "clock sleep");

void clock_listen(struct clock_listener *listener, void (*changed)(struct clock_listener *))
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

static void tell_all(void)
{
    struct clock_listener *listener;
    irqflags_t flags = spin_lock(&listeners_lock);

    list_for_each_entry (listener, &listeners, link)
        listener->changed(listener);
    spin_unlock(&listeners_lock, flags);
}

void clock_set(u64 ns)
{
    mutex_lock(&setting);
    time_set_realtime(ns);
    atomic_store_release(&clock_changes, clock_changes + 1);
    tell_all();
    mutex_unlock(&setting);
    wake_all(&clock_sleepers);
}
