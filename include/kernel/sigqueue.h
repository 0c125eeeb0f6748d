/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues of pending signals: a set, and for most of its members who sent them and why. A standard
 * signal (1..31) is pending once or not at all; real-time signals queue up. No locks here: the owner
 * has the process's sig.lock.
 */
#pragma once

#include <kernel/sigset.h>
#include <lib/types.h>

struct sig_queued {
    struct list link;
    struct linux_siginfo info;
};

void sigqueue_init(struct sig_pending *pending);

/*
 * Adds a signal. Without memory, or beyond `limit` entries, its info is lost; with `must_queue`
 * the signal is refused instead: -EAGAIN. A standard signal that is pending already: 0.
 */
int sigqueue_add(struct sig_pending *pending, int sig, const struct linux_siginfo *info, u64 limit,
                 bool must_queue);

/*
 * Takes the lowest signal of `wanted`, the oldest of its kind, and what is known of it. Its
 * number, or 0 when none of them is pending.
 */
int sigqueue_take(struct sig_pending *pending, sigset_mask wanted, struct linux_siginfo *info);

/* Drops all signals of `unwanted`. */
void sigqueue_drop(struct sig_pending *pending, sigset_mask unwanted);
