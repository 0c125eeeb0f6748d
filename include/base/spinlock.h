/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket spinlocks: fair, and always held with interrupts off.
 *
 * Interrupts never nest and kernel code is never preempted, so a held spinlock means that
 * nothing else runs on this cpu until it is released. Nothing may sleep under one.
 */
#pragma once

#include <arch/irq.h>
#include <base/atomic.h>
#include <base/lock_check.h>
#include <lib/types.h>

struct spinlock {
    u32 next;  /* the next ticket to hand out */
    u32 owner; /* the ticket being served */
    const char *name;
#if DEBUG
    u32 holder; /* logical cpu id + 1 of the holder, 0 when free */
    u8 class;   /* the lock checker's, 0: not looked up yet */
    vaddr_t at; /* where the holder took it */
#endif
};

#define SPINLOCK_INIT(n) \
    {                    \
        .name = (n)      \
    }

static inline void spin_init(struct spinlock *lock, const char *name)
{
    *lock = (struct spinlock)SPINLOCK_INIT(name);
}

/* Waits for the ticket; out of line because contention is rare. */
void spin_wait(struct spinlock *lock, u32 ticket);

#if DEBUG
void spin_debug_acquired(struct spinlock *lock);
void spin_debug_acquiring(struct spinlock *lock, enum lock_how how);
void spin_debug_release(struct spinlock *lock);
#else
static inline void spin_debug_acquired(struct spinlock *lock)
{
    (void)lock;
}
static inline void spin_debug_acquiring(struct spinlock *lock, enum lock_how how)
{
    (void)lock;
    (void)how;
}
static inline void spin_debug_release(struct spinlock *lock)
{
    (void)lock;
}
#endif

/* What spin_lock_nested and spin_lock_second do. */
static __always_inline void spin_lock_as(struct spinlock *lock, enum lock_how how)
{
    spin_debug_acquiring(lock, how);
    u32 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    if (unlikely(atomic_load_acquire(&lock->owner) != ticket))
        spin_wait(lock, ticket);
    spin_debug_acquired(lock);
}

/* Takes a lock when interrupts are known to be off already (interrupt handlers, second locks). */
static inline void spin_lock_nested(struct spinlock *lock)
{
    spin_lock_as(lock, LOCK_WAIT);
}

/* The same where one of the same kind is held that lies at a lower address: that is their order. */
static inline void spin_lock_second(struct spinlock *lock)
{
    spin_lock_as(lock, LOCK_SECOND);
}

static inline void spin_unlock_nested(struct spinlock *lock)
{
    spin_debug_release(lock);
    atomic_store_release(&lock->owner, lock->owner + 1);
}

/* Turns interrupts off and takes the lock. Give the result to spin_unlock(). */
static inline irqflags_t spin_lock(struct spinlock *lock)
{
    irqflags_t flags = arch_irq_save();
    spin_lock_nested(lock);
    return flags;
}

static inline void spin_unlock(struct spinlock *lock, irqflags_t flags)
{
    spin_unlock_nested(lock);
    arch_irq_restore(flags);
}

/* True while somebody holds the lock (for assertions: not necessarily this cpu). */
static inline bool spin_held(const struct spinlock *lock)
{
    return atomic_load_relaxed(&lock->owner) != atomic_load_relaxed(&lock->next);
}
