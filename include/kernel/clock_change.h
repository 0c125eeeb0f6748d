/* SPDX-License-Identifier: BSD-2-Clause */
/* News that the calendar was set, for those who wait for a time of it. */
#pragma once

#include <base/wait.h>
#include <lib/list.h>
#include <lib/types.h>

struct clock_listener {
    struct list link;
    void (*changed)(struct clock_listener *listener); /* under a spinlock, interrupts off */
};

/* From now on `changed` is called whenever the calendar is set, until clock_unlisten() returns. Any context. */
void clock_listen(struct clock_listener *listener, void (*changed)(struct clock_listener *));
void clock_unlisten(struct clock_listener *listener);

/* Sets the calendar to `ns` since 1970 and tells everybody. A thread's context, no spinlock held. */
void clock_set(u64 ns);

/* How often that was done, and the queue that is woken after it. */
extern u32 clock_changes;
extern struct wait_queue clock_sleepers;
