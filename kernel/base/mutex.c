/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contended half of mutexes and reader/writer locks.
 *
 * A mutex in state 2 may have waiters: its holder wakes one on release. A waiter takes it as
 * state 2 as well, since it cannot know whether others still wait.
 */
#include <base/mutex.h>

void mutex_init(struct mutex *m, const char *name)
{
    m->state = 0;
    m->label = (struct lock_label){};
    wait_queue_init(&m->waiters, name);
}

void mutex_lock_slow(struct mutex *m)
{
    wait_event(&m->waiters, __atomic_exchange_n(&m->state, 2, __ATOMIC_ACQUIRE) == 0);
}

void mutex_unlock_slow(struct mutex *m)
{
    wake_one(&m->waiters);
}

void rw_init(struct rwlock *l, const char *name)
{
    l->state = 0;
    l->sleepers = 0;
    l->label = (struct lock_label){};
    wait_queue_init(&l->waiters, name);
}

/* Readers that come while a writer holds or waits. They set the mark too, to be woken. */
static bool rw_try_read_waiting(struct rwlock *l)
{
    u32 seen = atomic_load_relaxed(&l->state);
    for (;;) {
        bool free = !(seen & (RW_WRITER | RW_WANTED));
        u32 wanted = free ? seen + 1 : seen | RW_WAITING;
        if (wanted == seen)
            return false;
        if (atomic_cas_acquire(&l->state, &seen, wanted))
            return free;
    }
}

/* A writer that gets in takes RW_WANTED along; others that still wait set it again. */
static bool rw_try_write_waiting(struct rwlock *l)
{
    u32 seen = atomic_load_relaxed(&l->state);
    for (;;) {
        bool free = !(seen & ~(RW_WAITING | RW_WANTED));
        u32 wanted = free ? (seen & ~RW_WANTED) | RW_WRITER : seen | RW_WAITING | RW_WANTED;
        if (wanted == seen)
            return false;
        if (atomic_cas_acquire(&l->state, &seen, wanted))
            return free;
    }
}

static void rw_enter_slow(struct rwlock *l)
{
    irqflags_t flags = spin_lock(&l->waiters.lock);
    l->sleepers++;
    spin_unlock(&l->waiters.lock, flags);
}

/*
 * The last sleeper to get through takes the mark away, so that the fast path works again. Under the
 * queue's lock: a sleeper that comes meanwhile is either counted already, or sets the mark later.
 */
static void rw_leave_slow(struct rwlock *l)
{
    irqflags_t flags = spin_lock(&l->waiters.lock);
    if (--l->sleepers == 0)
        atomic_fetch_and(&l->state, ~RW_WAITING);
    spin_unlock(&l->waiters.lock, flags);
}

void rw_read_lock_slow(struct rwlock *l)
{
    rw_enter_slow(l);
    wait_event(&l->waiters, rw_try_read_waiting(l));
    rw_leave_slow(l);
}

void rw_write_lock_slow(struct rwlock *l)
{
    rw_enter_slow(l);
    wait_event(&l->waiters, rw_try_write_waiting(l));
    rw_leave_slow(l);
}

/* While somebody holds it nobody who waits gets in; the last who holds it wakes them. */
void rw_wake_slow(struct rwlock *l)
{
    if (!(atomic_load_relaxed(&l->state) & ~(RW_WAITING | RW_WANTED)))
        wake_all(&l->waiters);
}
