/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest=panic-stops: a panic while the other cpus are busy in all ways there are. Cpu 1 computes with
 * interrupts on, cpu 2 spins for a lock, cpu 3 is deaf; the others idle. The first two must stop and say
 * where they were, the third must not hold the panic up.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <base/atomic.h>
#include <base/init.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/spinlock.h>
#include <base/wait.h>
#include <kernel/kthread.h>
#include <kernel/time.h>
#include <lib/err.h>

static struct spinlock wanted = SPINLOCK_INIT("wanted");
static u32 ready;

static __noinline void compute(void *arg)
{
    (void)arg;
    atomic_fetch_add(&ready, 1);
    for (;;)
        arch_relax();
}

static __noinline void spin(void *arg)
{
    (void)arg;
    atomic_fetch_add(&ready, 1);
    while (!spin_held(&wanted))
        arch_relax();
    spin_unlock(&wanted, spin_lock(&wanted));
}

static __noinline void be_deaf(void *arg)
{
    (void)arg;
    arch_irq_disable();
    atomic_fetch_add(&ready, 1);
    for (;;)
        arch_relax();
}

static const char *selftest_panic_stops(void)
{
    static const struct {
        const char *name;
        void (*fn)(void *arg);
    } other[] = {{"computer", compute}, {"spinner", spin}, {"deaf", be_deaf}};

    for (u32 i = 0; i < ARRAY_SIZE(other); i++)
        if (IS_ERR(thread_create_kernel(other[i].name, other[i].fn, NULL, (int)i + 1)))
            return "it wants four cpus";
    while (atomic_load_acquire(&ready) < ARRAY_SIZE(other))
        arch_relax();
    (void)spin_lock(&wanted);
    while (READ_ONCE(wanted.next) - READ_ONCE(wanted.owner) < 2)
        arch_relax();
    panic("on purpose, with %u cpus busy", ready);
}
SELFTEST("panic-stops", selftest_panic_stops);
