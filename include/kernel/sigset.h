/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of signals, and the signal state that each thread carries. Pure data and bit operations;
 * what signals do is in <kernel/signal.h>.
 */
#pragma once

#include <abi/linux/signal.h>
#include <lib/list.h>
#include <lib/types.h>

typedef u64 sigset_mask; /* bit n-1 is signal n */

static inline sigset_mask sig_bit(int sig)
{
    return 1ul << (sig - 1);
}

/* Signals that were sent and not yet taken (<kernel/sigqueue.h>). */
struct sig_pending {
    sigset_mask set;
    struct list queue; /* struct sig_queued, oldest first: what is known of the senders */
    u32 count;         /* of the queue */
};

/* Alternate signal stack; size 0: none. */
struct sig_altstack {
    vaddr_t base;
    size_t size;
    u32 flags; /* SS_AUTODISARM */
};

struct sig_thread {
    sigset_mask blocked;
    sigset_mask saved;   /* to come back when `restore` is set and no handler runs */
    sigset_mask waiting; /* signals that sigtimedwait waits for, though blocked */
    bool restore;        /* sigsuspend, ppoll: `blocked` is a temporary mask */
    bool forced;         /* `fault` holds a signal that the thread caused itself */
    bool leaving;        /* is on its way out and takes no signals any more */
    u32 stop_seen;       /* the last stop of its process that it has come to rest for */
    struct sig_pending pending;
    struct sig_altstack altstack;
    struct linux_siginfo fault;
};
