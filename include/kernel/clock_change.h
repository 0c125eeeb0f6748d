/* SPDX-License-Identifier: BSD-2-Clause */
/* News that the calendar was set, or will leap, for those who wait for a time of it. */
#pragma once

#include <base/wait.h>
#include <lib/list.h>
#include <lib/types.h>

/* Under a spinlock, interrupts off. `jumped`: the calendar shows another time; else only what is to come has changed. */
struct clock_listener {
    struct list link;
    void (*changed)(struct clock_listener *listener, bool jumped);
};

/* From now on `changed` is called whenever the calendar changes, until clock_unlisten() returns. Any context. */
void clock_listen(struct clock_listener *listener, void (*changed)(struct clock_listener *, bool));
void clock_unlisten(struct clock_listener *listener);

/* Tells everybody, after the change. Any context, no spinlock held. */
void clock_tell(bool jumped);

/*
 * Sleeps on `queue` until done(arg), or until the calendar (or TAI) shows `ns`, also when it is set meanwhile, or when a
 * leap second comes into it. 0, -ETIMEDOUT, -EINTR. Any thread, no lock held.
 */
int clock_wait_date(struct wait_queue *queue, bool (*done)(void *arg), void *arg, bool tai, u64 ns);
