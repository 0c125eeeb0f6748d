/* SPDX-License-Identifier: BSD-2-Clause */
/* What futex.c and futex_pi.c share: the buckets (futex_queue.c) and who waits in them. See futex.c for the locks. */
#pragma once

#include <arch/mmu.h>
#include <base/spinlock.h>
#include <base/wait.h>
#include <kernel/clock_change.h>
#include <kernel/thread.h>
#include <lib/errno.h>
#include <lib/hash.h>
#include <lib/list.h>
#include <mm/usercopy.h>

#define BUCKETS 64u

struct bucket {
    struct spinlock lock;
    struct list waiters;
};

struct futex_waiter {
    struct list link;
    struct user_key key;
    struct bucket *bucket;    /* changes under both buckets' locks */
    struct wait_queue *queue; /* its thread's; one for all where that waits for several futexes */
    struct pi_waiter *pi;     /* NULL, or it is to be moved to a lock, and not to be woken here */
    u32 bitset;
    bool woken; /* and no longer in the list */
};

extern struct bucket futex_buckets[BUCKETS];

static inline struct bucket *bucket_of(const struct user_key *key)
{
    return &futex_buckets[hash_u64((u64)key->object + key->offset) % BUCKETS];
}

static inline bool same_key(const struct user_key *a, const struct user_key *b)
{
    return a->object == b->object && a->offset == b->offset;
}

/*
 * A private futex is named by where it lies, without a look at the memory; so is one in private
 * memory that is not said to be private, and both meet. -EINVAL, -EFAULT.
 */
static inline int futex_find_key(vaddr_t addr, bool private, struct user_key *key)
{
    if (!is_aligned(addr, sizeof(u32)))
        return -EINVAL;
    if (!private)
        return user_key(addr, key);
    if (addr >= USER_TOP)
        return -EFAULT;
    *key = (struct user_key){current_thread()->uvm, addr};
    return 0;
}

/* Into the list of its key. */
static inline void futex_enqueue(struct futex_waiter *w)
{
    irqflags_t flags;

    w->bucket = bucket_of(&w->key);
    flags = spin_lock(&w->bucket->lock);
    list_push_back(&w->bucket->waiters, &w->link);
    spin_unlock(&w->bucket->lock, flags);
}

/* Leaves the list, whichever it is by now. True if the waiter was woken before. */
static inline bool futex_dequeue(struct futex_waiter *w)
{
    for (;;) {
        struct bucket *b = READ_ONCE(w->bucket);
        irqflags_t flags = spin_lock(&b->lock);
        bool here = b == w->bucket;
        bool woken = w->woken;

        if (here && !woken)
            list_remove(&w->link);
        spin_unlock(&b->lock, flags);
        if (here)
            return woken;
    }
}

/* How long somebody waits: until a time of time_now_ns(), or until a date, however often the calendar is set meanwhile. */
struct futex_until {
    u64 ns;
    bool date;
};

#define FUTEX_FOREVER ((struct futex_until){.ns = WAIT_FOREVER})

/* Sleeps until done(arg), or until `until`: 0, -ETIMEDOUT, -EINTR. */
static __always_inline int futex_sleep(struct wait_queue *queue, bool (*done)(void *arg), void *arg,
                                       struct futex_until until)
{
    if (unlikely(until.date))
        return clock_wait_date(queue, done, arg, false, until.ns);
    return wait_event_until(queue, done(arg), until.ns, true);
}

/* For that: a flag that somebody sets. */
static inline bool futex_flag_set(void *flag)
{
    return atomic_load_acquire((bool *)flag);
}

/* The operations on locks whose owner the kernel knows (futex_pi.c). */
long futex_pi_lock(vaddr_t addr, bool private, bool try, struct futex_until until);
long futex_pi_unlock(vaddr_t addr, bool private);
long futex_pi_wait(vaddr_t addr, bool private, u32 expected, struct futex_until until,
                   vaddr_t lock);
long futex_pi_requeue(vaddr_t addr, bool private, u32 wake, u32 requeue, vaddr_t lock,
                      u32 expected);
