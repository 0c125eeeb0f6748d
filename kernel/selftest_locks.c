/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Self-tests that break the rules of locking, one each: the lock checker of DEBUG=1 builds must end them in
 * a panic whose line names the fact. Coming back is the failure.
 *
 * None of them gets stuck for real: what the checker reports is the order, not the deadlock. Only the
 * watchdog needs a cpu that never comes back.
 */
#include <base/init.h>

#if DEBUG
#include <arch/cpu.h>
#include <arch/irq.h>
#include <base/mutex.h>
#include <base/wait.h>
#include <kernel/kthread.h>
#include <kernel/selftest.h>
#include <kernel/time.h>
#include <kernel/timer.h>
#include <lib/err.h>

static struct spinlock red = SPINLOCK_INIT("red"), green = SPINLOCK_INIT("green"),
                       blue = SPINLOCK_INIT("blue");
static struct spinlock twins[2] = {SPINLOCK_INIT("twin"), SPINLOCK_INIT("twin")};
static struct mutex tea = MUTEX_INIT(tea, "tea"), milk = MUTEX_INIT(milk, "milk");
static struct wait_queue nobody = WAIT_QUEUE_INIT(nobody, "nobody");

/* --- order --- */

static __noinline void take_both(struct spinlock *first, struct spinlock *second)
{
    irqflags_t flags = spin_lock(first);

    spin_lock_nested(second);
    spin_unlock_nested(second);
    spin_unlock(first, flags);
}

static const char *selftest_lock_order(void)
{
    take_both(&red, &green);
    take_both(&green, &red);
    return "red before green and green before red";
}
SELFTEST("lock-order", selftest_lock_order);

/* No two of these are ever taken in both orders. */
static const char *selftest_lock_circle(void)
{
    take_both(&red, &green);
    take_both(&green, &blue);
    take_both(&blue, &red);
    return "red before green before blue before red";
}
SELFTEST("lock-circle", selftest_lock_circle);

static const char *selftest_lock_pair(void)
{
    take_both(&twins[0], &twins[1]);
    return "two spinlocks of one kind at once";
}
SELFTEST("lock-pair", selftest_lock_pair);

static __noinline void drink(struct mutex *first, struct mutex *second)
{
    mutex_lock(first);
    mutex_lock(second);
    mutex_unlock(second);
    mutex_unlock(first);
}

static const char *selftest_lock_order_sleeping(void)
{
    drink(&tea, &milk);
    drink(&milk, &tea);
    return "tea before milk and milk before tea";
}
SELFTEST("lock-order-sleeping", selftest_lock_order_sleeping);

/* A lock that was only tried cannot be part of a deadlock; what is taken under it can. */
static const char *selftest_lock_tried(void)
{
    mutex_lock(&tea);
    if (!mutex_trylock(&milk))
        return "milk was not free";
    mutex_unlock(&milk);
    mutex_unlock(&tea);
    drink(&milk, &tea);
    drink(&tea, &milk);
    return "tea before milk and milk before tea";
}
SELFTEST("lock-tried", selftest_lock_tried);

/* --- sleeping --- */

static const char *selftest_sleep_spinlock(void)
{
    irqflags_t flags = spin_lock(&red);

    mutex_lock(&tea); /* free: it would not even have slept */
    mutex_unlock(&tea);
    spin_unlock(&red, flags);
    return "a mutex was taken under a spinlock";
}
SELFTEST("sleep-spinlock", selftest_sleep_spinlock);

static const char *selftest_sleep_irqs_off(void)
{
    arch_irq_disable();
    wait_event(&nobody, true);
    arch_irq_enable();
    return "a thread waited with interrupts off";
}
SELFTEST("sleep-irqs-off", selftest_sleep_irqs_off);

static void ring(struct timer *timer)
{
    (void)timer;
    wait_event(&nobody, true);
}

static const char *selftest_sleep_interrupt(void)
{
    static struct timer timer;

    timer_init(&timer, ring);
    timer_set_ns(&timer, time_now_ns());
    (void)wait_event_until(&nobody, false, time_now_ns() + NSEC_PER_SEC, false);
    return "an interrupt waited";
}
SELFTEST("sleep-interrupt", selftest_sleep_interrupt);

/* --- interrupts, holders --- */

static const char *selftest_lock_irqs_on(void)
{
    spin_lock_nested(&red);
    spin_unlock_nested(&red);
    return "a spinlock was taken with interrupts on";
}
SELFTEST("lock-irqs-on", selftest_lock_irqs_on);

static const char *selftest_lock_twice(void)
{
    take_both(&red, &red);
    return "a spinlock was taken twice";
}
SELFTEST("lock-twice", selftest_lock_twice);

static const char *selftest_lock_foreign(void)
{
    mutex_unlock(&tea);
    return "a mutex was released by somebody who had not taken it";
}
SELFTEST("lock-foreign", selftest_lock_foreign);

static __noinline void leave_with_lock(void *arg)
{
    (void)arg;
    mutex_lock(&tea);
}

static const char *selftest_lock_kept(void)
{
    if (IS_ERR(thread_create_kernel("keeper", leave_with_lock, NULL, (int)cpu_id())))
        return "no memory for a thread";
    (void)wait_event_until(&nobody, false, time_now_ns() + NSEC_PER_SEC, false);
    return "a thread ended and kept a mutex";
}
SELFTEST("lock-kept", selftest_lock_kept);

/* --- the watchdog --- */

static u32 held_for_ever;

static __noinline void hold_for_ever(void *arg)
{
    (void)arg;
    (void)spin_lock(&red);
    atomic_store_release(&held_for_ever, 1);
    for (;;)
        arch_relax();
}

/* Wants a second cpu, and lockwatch=SECONDS from those in a hurry. */
static const char *selftest_lock_watchdog(void)
{
    u32 other = cpu_id() ? 0 : 1;

    if (IS_ERR(thread_create_kernel("holder", hold_for_ever, NULL, (int)other)))
        return "there is no second cpu";
    while (!atomic_load_acquire(&held_for_ever))
        (void)wait_event_until(&nobody, false, time_now_ns() + NSEC_PER_MSEC, false);
    spin_unlock(&red, spin_lock(&red));
    return "a lock that is never released was taken";
}
SELFTEST("lock-watchdog", selftest_lock_watchdog);
#endif
