/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who wants to know that the calendar has changed. Lock: one spinlock for the list, held while listeners are called,
 * so that none is called any more once it has gone. Two changes at a time need no order: whoever is told looks at
 * the clock itself, and is told once more after the later one.
 */
#include <base/atomic.h>
#include <base/spinlock.h>
#include <kernel/clock_change.h>

static struct spinlock listeners_lock = SPINLOCK_INIT("clock listeners");
static struct list listeners = LIST_INIT(listeners);

u32 clock_changes;
struct wait_queue clock_sleepers = WAIT_QUEUE_INIT(clock_sleepers, "clock sleep");

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

    atomic_fetch_add(&clock_changes, 1u);
    list_for_each_entry (listener, &listeners, link)
        listener->changed(listener, jumped);
    spin_unlock(&listeners_lock, flags);
    wake_all(&clock_sleepers);
}
