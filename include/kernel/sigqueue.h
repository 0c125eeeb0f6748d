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
    bool kept;                   /* part of something else, with `link` initialised */
    struct sig_pending *pending; /* of one that is kept: where it is queued, while it is */
};

void sigqueue_init(struct sig_pending *pending);

/*
 * Adds a signal. Without memory, or beyond `limit` entries, its info is lost; with `must_queue`
 * the signal is refused instead: -EAGAIN. A standard signal that is pending already: 0.
 */
int sigqueue_add(struct sig_pending *pending, int sig, const struct linux_siginfo *info, u64 limit,
                 bool must_queue);

/*
 * Adds one that is kept, which cannot fail; a standard signal, too, if another of it is pending. It must not be
 * queued. Taken or dropped it is not freed: list_linked(&entry->link) tells.
 */
void sigqueue_add_kept(struct sig_pending *pending, struct sig_queued *entry);

/* The owner of a kept entry goes: a copy takes its place if it is queued. Without memory its info is lost. */
void sigqueue_release(struct sig_queued *entry);

/*
 * Takes the lowest signal of `wanted`, the oldest of its kind, and what is known of it. Its
 * number, or 0 when none of them is pending.
 */
int sigqueue_take(struct sig_pending *pending, sigset_mask wanted, struct linux_siginfo *info);

/* Drops all signals of `unwanted`. */
void sigqueue_drop(struct sig_pending *pending, sigset_mask unwanted);
