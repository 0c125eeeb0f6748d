/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a ticket, and what debug builds check of every spinlock: taken with interrupts off,
 * not by a cpu that holds it, released by its holder, and not waited for longer than a deadlock needs
 * to be told from a slow machine.
 */
#include <arch/cpu.h>
#include <arch/time.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/spinlock.h>

#if DEBUG
#define STUCK_SECONDS 30
/* Reading the clock may trap to firmware: look at it once in so many rounds. */
#define ROUNDS_PER_LOOK 65536
#endif

void spin_wait(struct spinlock *lock, u32 ticket)
{
#if DEBUG
    u32 served = atomic_load_relaxed(&lock->owner);
    u64 since = arch_ticks(), rounds = 0;
#endif
    while (atomic_load_acquire(&lock->owner) != ticket) {
        arch_relax();
#if DEBUG
        if (++rounds % ROUNDS_PER_LOOK)
            continue;
        u32 now = atomic_load_relaxed(&lock->owner);
        if (now != served) {
            served = now;
            since = arch_ticks();
        } else if (arch_ticks() - since > STUCK_SECONDS * arch_time_hz) {
            panic("spinlock %s: cpu %u has held it for %d s", lock->name, lock->holder - 1,
                  STUCK_SECONDS);
        }
#endif
    }
}

#if DEBUG
void spin_debug_acquiring(struct spinlock *lock)
{
    if (arch_irq_enabled())
        panic("spinlock %s taken with interrupts on", lock->name);
    if (atomic_load_relaxed(&lock->holder) == cpu_id() + 1)
        panic("spinlock %s taken twice by cpu %u", lock->name, cpu_id());
}

void spin_debug_acquired(struct spinlock *lock)
{
    atomic_store_relaxed(&lock->holder, cpu_id() + 1);
}

void spin_debug_release(struct spinlock *lock)
{
    if (atomic_load_relaxed(&lock->holder) != cpu_id() + 1)
        panic("spinlock %s released by cpu %u, which does not hold it", lock->name, cpu_id());
    atomic_store_relaxed(&lock->holder, 0);
}
#endif
