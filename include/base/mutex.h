/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks that sleep: mutexes and reader/writer locks.
 *
 * The uncontended path is one atomic operation, so they may guard hot paths. They may be held
 * while sleeping and across user copies; they may not be taken in interrupts or under spinlocks.
 */
#pragma once

#include <base/atomic.h>
#include <base/wait.h>
#include <lib/types.h>

struct mutex {
    u32 state; /* 0 free, 1 held, 2 held and somebody may be waiting */
    struct wait_queue waiters;
    struct lock_label label;
};

#define MUTEX_INIT(m, n)                                       \
    {                                                          \
        .state = 0, .waiters = WAIT_QUEUE_INIT((m).waiters, n) \
    }

void mutex_init(struct mutex *m, const char *name);
void mutex_lock_slow(struct mutex *m);
void mutex_unlock_slow(struct mutex *m);

/* The uncontended half, unchecked. */
static inline bool mutex_grab(struct mutex *m)
{
    u32 free = 0;
    return atomic_cas_acquire(&m->state, &free, 1u);
}

static inline bool mutex_trylock(struct mutex *m)
{
    bool got = mutex_grab(m);
    if (got)
        lock_check_sleeping(m, &m->label, m->waiters.lock.name, LOCK_TRIED);
    return got;
}

static inline void mutex_lock(struct mutex *m)
{
    lock_check_sleeping(m, &m->label, m->waiters.lock.name, LOCK_WAIT);
    if (unlikely(!mutex_grab(m)))
        mutex_lock_slow(m);
}

static inline void mutex_unlock(struct mutex *m)
{
    lock_check_sleeping_drop(m, m->waiters.lock.name);
    if (unlikely(__atomic_exchange_n(&m->state, 0, __ATOMIC_RELEASE) == 2))
        mutex_unlock_slow(m);
}

static inline bool mutex_held(const struct mutex *m)
{
    return atomic_load_relaxed(&m->state) != 0;
}

/*
 * Reader/writer lock. state counts readers; RW_WRITER is set while a writer holds it, RW_WAITING while
 * somebody sleeps (everybody then takes the slow paths, and unlocking wakes), RW_WANTED while a writer
 * does: new readers stay behind it, else readers on enough cpus could keep it out for ever. For the same
 * reason a thread must not take the read side twice.
 */
#define RW_WRITER  0x80000000u
#define RW_WAITING 0x40000000u
#define RW_WANTED  0x20000000u

struct rwlock {
    u32 state;
    u32 sleepers; /* threads in the slow paths; under waiters.lock */
    struct wait_queue waiters;
    struct lock_label label;
};

void rw_init(struct rwlock *l, const char *name);
void rw_read_lock_slow(struct rwlock *l);
void rw_write_lock_slow(struct rwlock *l);
void rw_wake_slow(struct rwlock *l);

/* The uncontended halves, unchecked. */
static inline bool rw_read_grab(struct rwlock *l)
{
    u32 seen = atomic_load_relaxed(&l->state);
    while (!(seen & (RW_WRITER | RW_WAITING)))
        if (atomic_cas_acquire(&l->state, &seen, seen + 1))
            return true;
    return false;
}

static inline void rw_read_lock(struct rwlock *l)
{
    lock_check_sleeping(l, &l->label, l->waiters.lock.name, LOCK_WAIT);
    if (unlikely(!rw_read_grab(l)))
        rw_read_lock_slow(l);
}

static inline void rw_read_unlock(struct rwlock *l)
{
    lock_check_sleeping_drop(l, l->waiters.lock.name);
    u32 left = __atomic_sub_fetch(&l->state, 1, __ATOMIC_RELEASE);
    if (unlikely(left & RW_WAITING))
        rw_wake_slow(l);
}

static inline bool rw_write_grab(struct rwlock *l)
{
    u32 free = 0;
    return atomic_cas_acquire(&l->state, &free, RW_WRITER);
}

static inline void rw_write_lock(struct rwlock *l)
{
    lock_check_sleeping(l, &l->label, l->waiters.lock.name, LOCK_WAIT);
    if (unlikely(!rw_write_grab(l)))
        rw_write_lock_slow(l);
}

static inline void rw_write_unlock(struct rwlock *l)
{
    lock_check_sleeping_drop(l, l->waiters.lock.name);
    u32 left = __atomic_and_fetch(&l->state, ~RW_WRITER, __ATOMIC_RELEASE);
    if (unlikely(left & RW_WAITING))
        rw_wake_slow(l);
}

static inline bool rw_write_held(const struct rwlock *l)
{
    return atomic_load_relaxed(&l->state) & RW_WRITER;
}
