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

enum { SELECT_IN, SELECT_OUT, SELECT_EXCEPT, SELECT_SETS };

/* Sets of descriptors as select(2) has them: `words` words each, which bits are asked for and which are ready. */
struct select_sets {
    unsigned words;
    u64 *asked[SELECT_SETS]; /* NULL: nothing */
    u64 *ready[SELECT_SETS];
};

/* The same for sets: how many bits are ready; -EBADF for a bad descriptor. */
int select_wait(struct select_sets *sets, u64 deadline);

/* --- between fs/poll.c and fs/select.c --- */

struct poll_call;

/*
 * The loop of both: `look` looks at everything and returns how much is ready, or an error, which ends the wait. It
 * passes `call` (NULL: nobody is going to sleep) on to poll_fd() until something is found.
 */
int poll_until(int (*look)(void *what, struct poll_call *call), void *what, u64 deadline);

/* The events of an open descriptor, or POLLNVAL. */
u32 poll_fd(int fd, struct poll_call *call);
