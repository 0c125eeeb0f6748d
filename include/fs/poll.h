/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll and select: sleeping until one of several files is ready.
 *
 * A file's poll operation says which events hold now and names the wait queues that are woken
 * when they change. The first round registers a waiter on each queue, so no wake-up is lost
 * between looking and sleeping; later rounds only look. epoll registers once and for long.
 */
#pragma once

#include <abi/linux/poll.h>
#include <base/wait.h>
#include <lib/types.h>

/* Queues that a poll call can wait on before it needs memory. */
#define POLL_FIXED 6

/* Who wants to know the queues of a file; fs/poll.c and fs/eventpoll.c embed it. */
struct poll_table {
    void (*add)(struct poll_table *table, struct wait_queue *queue);
    bool lasting; /* the waiter stays behind the call, at most as long as the file is open */
};

/* For file_ops.poll: this queue is woken when the events may change. table may be NULL. */
static inline void poll_on(struct poll_table *table, struct wait_queue *queue)
{
    if (table)
        table->add(table, queue);
}

/*
 * Waits until an entry is ready or until the deadline (WAIT_FOREVER, or ns of time_now_ns(); 0:
 * only look). Returns the number of entries with revents, 0 at the deadline, -ERESTARTNOHAND when a
 * signal came, -ENOMEM. A bad descriptor reports
 * POLLNVAL, a negative one is skipped.
 */
int poll_wait(struct linux_pollfd *entries, unsigned count, u64 deadline);
