/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for a ticket, and what debug builds check of every single spinlock: taken with interrupts off,
 * not by a cpu that holds it, released by its holder. The order of several is the lock checker's business.
 *
 * Who waits has interrupts off, perhaps for ever, so it looks for a panic's request to stop itself.
 */
#include <arch/cpu.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <base/lock_watch.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/spinlock.h>

/*
 * Some 15,000 instructions: 10 microseconds on a core of 1.5 GHz, if each takes a cycle; nobody has measured it on a board.
 * Few turns at a lock are that long. Who has it, or whose turn it is, may well not be running, where an emulator has
 * more harts than processors, and spinning would keep it from that for a slice of the host's time.
 */
#define ROUNDS_BEFORE_A_DOZE 1024

void spin_wait(struct spinlock *lock, u32 ticket)
{
    struct lock_watch watch = lock_watch_begin(lock);
    for (u32 round = 1; atomic_load_acquire(&lock->owner) != ticket; round++) {
        if (round % ROUNDS_BEFORE_A_DOZE == 0)
            arch_doze();
        arch_relax();
        arch_stop_point();
        lock_watch_look(&watch, lock);
    }
}

#if DEBUG
void spin_debug_acquiring(struct spinlock *lock, enum lock_how how)
{
    if (arch_irq_enabled())
        panic("spinlock %s taken with interrupts on", lock->name);
    if (atomic_load_relaxed(&lock->holder) == cpu_id() + 1)
        panic("spinlock %s taken twice by cpu %u", lock->name, cpu_id());
    lock_check_spin(lock, &lock->class, lock->name, how, (vaddr_t)__builtin_return_address(0));
}

void spin_debug_acquired(struct spinlock *lock)
{
    lock->at = (vaddr_t)__builtin_return_address(0);
    atomic_store_relaxed(&lock->holder, cpu_id() + 1);
}

void spin_debug_release(struct spinlock *lock)
{
    if (atomic_load_relaxed(&lock->holder) != cpu_id() + 1)
        panic("spinlock %s released by cpu %u, which does not hold it", lock->name, cpu_id());
    lock_check_spin_drop(lock);
    atomic_store_relaxed(&lock->holder, 0);
}
#endif
