/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch: who runs next on this cpu, and how a thread gives the cpu away. See
 * <kernel/sched.h> for the whole and sched_impl.h for the locks.
 *
 * A thread marks itself as sleeping without the lock (sched_prepare) and looks at its condition
 * after that; a waker changes the condition before it looks at the mark. Both have a full fence
 * in between, so one of the two sees the other. Between the mark and sched_block() the thread does
 * not give the cpu away otherwise: what is in a queue is RUNNING.
 *
 * Time is read once per switch. The hardware timer is left alone as long as it comes early
 * enough. What lies on the way of a switch is inlined.
 */
#include "sched_impl.h"

#include <arch/context.h>
#include <arch/time.h>
#include <base/panic.h>
#include <base/wait.h>
#include <kernel/tick.h>
#include <kernel/time.h>
#include <kernel/timer.h>
#include <lib/errno.h>
#include <mm/kvm.h>
#include <mm/uvm.h>

/* --- switching --- */

static __always_inline struct thread *take_next(struct run_queue *rq)
{
    struct run_entity *e = run_take(&rq->tree);

    return likely(e) ? thread_of(e) : rq->idle;
}

/* Somebody has left for good, or for another cpu: he is off his stack now. */
static __noinline void part(struct run_queue *rq, struct thread *left)
{
    rq->left = NULL;
    if (left->state != THREAD_DEAD) {
        sched_settle(rq, left);
        arch_irq_enable();
    } else {
        spin_unlock_nested(&rq->lock);
        arch_irq_enable();
        thread_free(left);
    }
}

/* The end of each switch, on the side of the thread that goes on: lets go of the queue. */
static void finish_switch(void)
{
    struct run_queue *rq = this_queue();

    if (unlikely(rq->left)) {
        part(rq, rq->left);
        return;
    }
    spin_unlock_nested(&rq->lock);
    arch_irq_enable();
}

/* Before the current thread gives the cpu away. */
static __always_inline void charge_last(struct run_queue *rq, struct thread *t, u64 now)
{
    if (unlikely(rq->cpu->work & CPU_WORK_ENTRY))
        sched_end_quiet(rq, t);
    charge(rq, t, now);
}

/*
 * Gives the cpu to the first of the queue, or to the idle thread. The current thread has been
 * charged and is where it belongs. The lock is held at entry and at exit.
 */
static __always_inline void switch_thread(struct run_queue *rq, struct thread *prev, u64 now)
{
    struct cpu *cpu = this_cpu();
    struct thread *next = take_next(rq);
    u64 deadline = sched_look_after(rq, next);

    WRITE_ONCE(cpu->work, next->work);
    rq->turn_start = now;
    if (deadline != TIME_NEVER)
        tick_request(now + deadline);
    if (next == prev)
        return;
    rq->counters.switches++;
    cpu->current = next;
    lock_check_switch(&next->locks);
    /* A core may have cached that the next stack is not mapped, and could not take that fault. */
    kvm_sync_cpu();
    if (next->uvm != cpu->uvm)
        uvm_activate(next->uvm);
    if (next->process)
        arch_set_kernel_stack(next->stack.top);
    arch_switch(&prev->context, &next->context);
}

void sched_begin(void)
{
    finish_switch();
}

/* Puts the current thread back into the queue, or on its way elsewhere; the first one goes on. */
static void requeue(struct run_queue *rq, struct thread *t, u64 now)
{
    if (unlikely(!may_run_on(t, cpu_id())))
        rq->left = t;
    else if (t != rq->idle)
        run_insert(&rq->tree, &t->run);
    if (rq->tree.first != &t->run)
        t->switches_forced++;
    switch_thread(rq, t, now);
}

/* Lets the first of the queue run if its turn has come; `yield`: it has. */
static void reschedule(bool yield)
{
    struct thread *t = current_thread();
    struct run_queue *rq;
    struct run_entity *first;
    u64 now;

    if (unlikely(t->state != THREAD_RUNNING))
        return; /* about to sleep: then */
    arch_irq_disable();
    rq = this_queue();
    spin_lock_nested(&rq->lock);
    this_cpu()->work &= ~CPU_WORK_RESCHED;
    first = rq->tree.first;
    if (first || unlikely(!may_run_on(t, cpu_id()))) {
        now = arch_ticks();
        charge_last(rq, t, now);
        if (yield && first && run_before(&t->run, first))
            t->run.vruntime = first->vruntime;
        requeue(rq, t, now);
    }
    finish_switch();
}

void sched_yield(void)
{
    reschedule(true);
}

void sched_preempt(void)
{
    reschedule(false);
}

void sched_exit(void)
{
    struct thread *t = current_thread();
    struct run_queue *rq;
    u64 now;

    lock_check_none_held();
    arch_irq_disable();
    rq = this_queue();
    spin_lock_nested(&rq->lock);
    now = arch_ticks();
    charge_last(rq, t, now);
    t->state = THREAD_DEAD;
    rq->left = t;
    switch_thread(rq, t, now);
    panic("thread %s runs although it has ended", t->name);
}

/* --- sleeping --- */

static void mark(enum thread_state state)
{
    WRITE_ONCE(current_thread()->state, (u8)state);
    atomic_fence();
}

void sched_prepare(enum wait_mode mode)
{
    mark(mode == WAIT_INTERRUPTIBLE ? THREAD_INTERRUPTIBLE : THREAD_UNINTERRUPTIBLE);
}

void sched_prepare_stop(void)
{
    mark(THREAD_STOPPED);
}

void sched_unprepare(void)
{
    WRITE_ONCE(current_thread()->state, THREAD_RUNNING);
}

/* Leaves the cpu unless somebody has woken the thread meanwhile, or it has a signal to look at. */
static __always_inline int leave_cpu(struct thread *t)
{
    struct run_queue *rq;
    int rc = 0;
    u64 now;

    arch_irq_disable();
    rq = this_queue();
    spin_lock_nested(&rq->lock);
    DEBUG_ASSERT(t != rq->idle);
    if (t->state == THREAD_INTERRUPTIBLE && t->work) {
        t->state = THREAD_RUNNING;
        rc = -EINTR;
    } else if (t->state != THREAD_RUNNING) {
        now = arch_ticks();
        charge_last(rq, t, now);
        rq->blocked += t->state == THREAD_UNINTERRUPTIBLE;
        t->switches_voluntary++;
        switch_thread(rq, t, now);
    }
    finish_switch();
    return rc;
}

int sched_block(u64 deadline)
{
    struct thread *t = current_thread();
    int rc;

    if (likely(deadline == WAIT_FOREVER))
        return leave_cpu(t);
    t->timed_out = false;
    timer_set_ns(&t->sleep_timer, deadline);
    rc = leave_cpu(t);
    timer_cancel(&t->sleep_timer);
    return rc || !t->timed_out ? rc : -ETIMEDOUT;
}

void sched_set_uvm(struct uvm *uvm)
{
    irqflags_t flags = arch_irq_save();

    current_thread()->uvm = uvm;
    uvm_activate(uvm);
    arch_irq_restore(flags);
}
