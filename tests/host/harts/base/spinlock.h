/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for <base/spinlock.h>: who waits lets other harts go on. */
#pragma once

#include "../model.h"
#include <arch/irq.h>

struct spinlock {
    bool held;
};

static inline void spin_init(struct spinlock *lock, const char *name)
{
    (void)name;
    lock->held = false;
}

static inline void spin_lock_nested(struct spinlock *lock)
{
    do
        model_step();
    while (lock->held);
    lock->held = true;
}

static inline void spin_unlock_nested(struct spinlock *lock)
{
    model_step();
    model_fence();
    lock->held = false;
}

static inline irqflags_t spin_lock(struct spinlock *lock)
{
    spin_lock_nested(lock);
    return 0;
}

static inline void spin_unlock(struct spinlock *lock, irqflags_t flags)
{
    (void)flags;
    spin_unlock_nested(lock);
}
