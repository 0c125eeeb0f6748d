/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The deadlock watchdog of DEBUG=1 builds: a cpu that waits for a spinlock looks now and then whether
 * anything moves. When owner and ticket have been the same for lockwatch=SECONDS (30: a deadlock
 * must be told from a slow machine), it panics and names the lock, who has it, and since where.
 */
#pragma once

#include <base/lock_check.h>
#include <lib/types.h>

struct spinlock;

/* One wait, as the watchdog sees it. */
struct lock_watch {
#if LOCK_CHECK
    u32 served; /* the ticket that was being served, */
    u64 since;  /* when that was seen first, */
    u32 rounds; /* and how often it has been looked at */
#endif
};

#if LOCK_CHECK

struct lock_watch lock_watch_begin(const struct spinlock *lock);

/* In each round of waiting. Interrupts off. */
void lock_watch_look(struct lock_watch *watch, const struct spinlock *lock);

#else

static inline struct lock_watch lock_watch_begin(const struct spinlock *lock)
{
    (void)lock;
    return (struct lock_watch){};
}

static inline void lock_watch_look(struct lock_watch *watch, const struct spinlock *lock)
{
    (void)watch;
    (void)lock;
}

#endif
