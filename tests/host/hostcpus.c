/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See hostcpus.h. The spinlocks are the kernel's, with all that DEBUG=1 checks of them; but who wants one lets others go on
 * first, until it is free, and is served at once then, since nobody else runs: tickets never queue up.
 */
#define spin_debug_acquiring kernel_spin_debug_acquiring
#include "../../kernel/base/spinlock.c"
#undef spin_debug_acquiring

#include "hostcpus.h"
#include "hostmachine.h"
#include <stdlib.h>
#include <ucontext.h>

#define CPUS_MOST   8
#define STACK_BYTES (256 * KiB)

static struct cpu_coroutine {
    ucontext_t context;
    u8 *stack;
    bool irq_on, done;
} coroutines[CPUS_MOST];

static ucontext_t main_context;
static u32 cpus, left; /* left: cpus that have not returned; 0: nothing of this runs */
static u64 choices;
static void (*job)(u32 cpu);

/* One that has something to do; perhaps this one. */
static u32 choose(void)
{
    u32 next = (u32)(host_random(&choices) % cpus);

    while (coroutines[next].done)
        next = (next + 1) % cpus;
    return next;
}

/* Another cpu may go on here. */
static void change_places(void)
{
    u32 self = cpu_id(), next = choose();

    if (next == self)
        return;
    coroutines[self].irq_on = host_irq_on;
    host_set_cpu(next);
    host_irq_on = coroutines[next].irq_on;
    swapcontext(&coroutines[self].context, &coroutines[next].context);
}

void spin_debug_acquiring(struct spinlock *lock, enum lock_how how)
{
    kernel_spin_debug_acquiring(lock, how);
    if (left == 0)
        return;
    do
        change_places();
    while (spin_held(lock));
}

static void cpu_main(void)
{
    job(cpu_id());
    coroutines[cpu_id()].done = true;
    if (--left)
        change_places();
    setcontext(&main_context);
}

static void make_coroutine(struct cpu_coroutine *c)
{
    c->stack = malloc(STACK_BYTES);
    c->irq_on = true;
    c->done = false;
    getcontext(&c->context);
    c->context.uc_stack.ss_sp = c->stack;
    c->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&c->context, cpu_main, 0);
}

void host_cpus_run(u32 count, u64 seed, void (*fn)(u32 cpu))
{
    ASSERT(count > 0 && count <= CPUS_MOST);
    cpus = left = count;
    choices = seed;
    job = fn;
    for (u32 i = 0; i < count; i++)
        make_coroutine(&coroutines[i]);
    host_set_cpu(0);
    swapcontext(&main_context, &coroutines[0].context);
    host_set_cpu(0);
    for (u32 i = 0; i < count; i++)
        free(coroutines[i].stack);
}
