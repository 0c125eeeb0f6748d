/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: run queues, switching, sleeping and waking. See <kernel/sched.h>.
 *
 * A thread is woken into the queue of the cpu that it last ran on, and only that cpu takes from
 * the queue. The queue's lock guards the queue, the state of its threads and their work; it is
 * held over the switch and released by the thread that goes on, so nobody sees a thread that
 * is half switched out. It is a leaf lock: nothing but a timer queue's lock is taken under it.
 *
 * A thread marks itself as sleeping without the lock (sched_prepare) and looks at its condition
 * after that; a waker changes the condition before it looks at the mark. Both have a full fence
 * in between, so one of the two sees the other.
 *
 * Time is read once per switch; wake-ups do without. The hardware timer is left alone as long as
 * it comes early enough. What lies on the way of a switch or a wake-up is inlined.
 */
#include <arch/context.h>
#include <arch/irq.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/wait.h>
#include <kernel/sched.h>
#include <kernel/tick.h>
#include <kernel/time.h>
#include <kernel/timer.h>
#include <mm/kvm.h>
#include <mm/uvm.h>

#define SLICES_PER_SECOND  250  /* while others wait */
#define SAMPLES_PER_SECOND 20   /* of a thread that runs alone, */
#define LIMITS_PER_SECOND  100  /* and of one with a limit on its cpu time */
#define PREEMPT_PER_SECOND 1000 /* a woken thread that is behind by such a part takes over */

struct run_queue {
    struct spinlock lock;
    struct run_tree tree;
    struct thread *idle;
    struct thread *dead; /* has just left the cpu for good; freed by who runs next */
    u64 charged;         /* time up to which the current thread has been charged, ticks */
    u64 turn_start;      /* when it got the cpu */
    u64 switches;
    u64 fresh_ticks; /* busy time since the last sample */
    u64 user_ticks;
    u64 system_ticks;
    u32 blocked; /* threads of this queue in uninterruptible sleep */
} __aligned(64);

static struct run_queue run_queues[CPU_MAX];

/* The periods above in ticks. */
static u64 slice_ticks, sample_ticks, limits_ticks, preempt_ticks;

static struct run_queue *this_queue(void)
{
    return &run_queues[cpu_id()];
}

static struct thread *thread_of(struct run_entity *e)
{
    return container_of(e, struct thread, run);
}

/* The thread's queue, locked. Its cpu may change until the lock is held. */
static struct run_queue *lock_queue_of(struct thread *t, irqflags_t *flags)
{
    u32 cpu;

    *flags = arch_irq_save();
    for (;;) {
        cpu = READ_ONCE(t->cpu);
        spin_lock_nested(&run_queues[cpu].lock);
        if (likely(cpu == t->cpu))
            return &run_queues[cpu];
        spin_unlock_nested(&run_queues[cpu].lock);
    }
}

/* Charges the current thread of this cpu up to `now`. */
static __always_inline void charge(struct run_queue *rq, struct thread *current, u64 now)
{
    u64 ticks = now - rq->charged;

    rq->charged = now;
    if (current == rq->idle) {
        current->run.ticks += ticks;
        return;
    }
    rq->fresh_ticks += ticks;
    run_charge(&rq->tree, &current->run, ticks);
}

/* When the current thread is to be looked at again, seen from `now`. */
static u64 look_after(struct run_queue *rq, struct thread *t)
{
    if (t == rq->idle)
        return TIME_NEVER;
    if (rq->tree.count)
        return slice_ticks;
    return t->sample_often ? limits_ticks : sample_ticks;
}

/* --- switching --- */

static struct thread *take_next(struct run_queue *rq)
{
    struct run_entity *e = run_take(&rq->tree);

    return e ? thread_of(e) : rq->idle;
}

/* The end of each switch, on the side of the thread that goes on: unlocks, buries the dead. */
static void finish_switch(void)
{
    struct run_queue *rq = this_queue();
    struct thread *dead = rq->dead;

    rq->dead = NULL;
    spin_unlock_nested(&rq->lock);
    arch_irq_enable();
    if (unlikely(dead))
        thread_free(dead);
}

/*
 * Gives the cpu to the first of the queue, or to the idle thread. The current thread has been
 * charged and is where it belongs. The lock is held at entry and at exit.
 */
static __always_inline void switch_thread(struct run_queue *rq, struct thread *prev, u64 now)
{
    struct cpu *cpu = this_cpu();
    struct thread *next = take_next(rq);
    u64 deadline = look_after(rq, next);

    WRITE_ONCE(cpu->work, next->work);
    rq->turn_start = now;
    if (deadline != TIME_NEVER)
        tick_request(now + deadline);
    if (next == prev)
        return;
    rq->switches++;
    cpu->current = next;
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

/* Puts the current thread back into the queue and goes on with the first of it. */
static void requeue(struct run_queue *rq, struct thread *t, u64 now)
{
    if (t != rq->idle)
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

    arch_irq_disable();
    rq = this_queue();
    spin_lock_nested(&rq->lock);
    this_cpu()->work &= ~CPU_WORK_RESCHED;
    first = rq->tree.first;
    if (first) {
        now = arch_ticks();
        charge(rq, t, now);
        if (yield && run_before(&t->run, first))
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

    arch_irq_disable();
    rq = this_queue();
    spin_lock_nested(&rq->lock);
    now = arch_ticks();
    charge(rq, t, now);
    t->state = THREAD_DEAD;
    rq->dead = t;
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
        charge(rq, t, now);
        rq->blocked += t->state == THREAD_UNINTERRUPTIBLE;
        t->switches_voluntary++;
        switch_thread(rq, t, now);
    }
    finish_switch();
    return rc;
}

static void sleep_timeout(struct timer *timer)
{
    struct thread *t = container_of(timer, struct thread, sleep_timer);

    WRITE_ONCE(t->timed_out, true);
    sched_wake(t);
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

/* --- waking --- */

/* Makes the cpu enter the scheduler soon. */
static void ask_resched(u32 cpu)
{
    cpu_table[cpu].work |= CPU_WORK_RESCHED;
    if (cpu != cpu_id())
        arch_ipi(cpu);
}

/* `t` has come into the queue of its cpu: does it take over now, or at the end of a slice? */
static __always_inline void consider_preemption(struct run_queue *rq, struct thread *t)
{
    struct thread *current = cpu_table[t->cpu].current;
    u64 lead = preempt_ticks << RUN_SHIFT;

    if (current == rq->idle || (s64)(current->run.vruntime - t->run.vruntime) > (s64)lead)
        ask_resched(t->cpu);
    else if (t->cpu == cpu_id())
        tick_request(rq->turn_start + slice_ticks);
    else
        arch_ipi(t->cpu); /* sched_ipi there does the same */
}

static bool is_asleep(const struct thread *t)
{
    return t->state == THREAD_INTERRUPTIBLE || t->state == THREAD_UNINTERRUPTIBLE ||
           t->state == THREAD_STOPPED;
}

/* Whatever the thread sleeps for. One that has not left its cpu yet stays there. */
static __always_inline bool wake_locked(struct run_queue *rq, struct thread *t)
{
    bool blocked = t->state == THREAD_UNINTERRUPTIBLE;

    if (!is_asleep(t))
        return false;
    t->state = THREAD_RUNNING;
    if (cpu_table[t->cpu].current == t || t->run.queued)
        return true; /* it has not gone to sleep yet (queued: it was preempted before it could) */
    rq->blocked -= blocked;
    run_place(&rq->tree, &t->run, slice_ticks);
    run_insert(&rq->tree, &t->run);
    consider_preemption(rq, t);
    return true;
}

bool sched_wake(struct thread *t)
{
    irqflags_t flags;
    struct run_queue *rq = lock_queue_of(t, &flags);
    bool woken = wake_locked(rq, t);

    spin_unlock(&rq->lock, flags);
    return woken;
}

void sched_set_work(struct thread *t, u32 bits, bool wake)
{
    irqflags_t flags;
    struct run_queue *rq = lock_queue_of(t, &flags);

    t->work |= bits;
    if (cpu_table[t->cpu].current == t) {
        cpu_table[t->cpu].work |= bits;
        if (t->cpu != cpu_id())
            arch_ipi(t->cpu);
    }
    if (wake && (t->state == THREAD_INTERRUPTIBLE || t->state == THREAD_STOPPED))
        wake_locked(rq, t);
    spin_unlock(&rq->lock, flags);
}

void sched_clear_work(u32 bits)
{
    irqflags_t flags;
    struct thread *t = current_thread();
    struct run_queue *rq = lock_queue_of(t, &flags);

    t->work &= ~bits;
    this_cpu()->work &= ~bits;
    spin_unlock(&rq->lock, flags);
}

/* --- interrupts --- */

/* The sample says in which mode the time since the last one was spent. */
static void sample(struct run_queue *rq, struct thread *t, bool user)
{
    if (user)
        rq->user_ticks += rq->fresh_ticks;
    else
        rq->system_ticks += rq->fresh_ticks;
    rq->fresh_ticks = 0;
    run_sample(&t->run, user);
}

u64 sched_tick(u64 now, bool user)
{
    struct run_queue *rq = this_queue();
    struct thread *t = current_thread();
    struct run_entity *first;
    u64 deadline;

    spin_lock_nested(&rq->lock);
    charge(rq, t, now);
    sample(rq, t, user);
    first = rq->tree.first;
    if (first && now - rq->turn_start >= slice_ticks) {
        rq->turn_start = now;
        if (t == rq->idle || run_before(first, &t->run))
            this_cpu()->work |= CPU_WORK_RESCHED;
    }
    deadline = look_after(rq, t);
    if (deadline != TIME_NEVER)
        deadline += first ? rq->turn_start : now;
    spin_unlock_nested(&rq->lock);
    return deadline;
}

void sched_ipi(void)
{
    struct run_queue *rq = this_queue();

    spin_lock_nested(&rq->lock);
    if (rq->tree.count && current_thread() != rq->idle)
        tick_request(rq->turn_start + slice_ticks);
    spin_unlock_nested(&rq->lock);
}

/* --- starting --- */

static void set_periods(void)
{
    slice_ticks = arch_time_hz / SLICES_PER_SECOND;
    sample_ticks = arch_time_hz / SAMPLES_PER_SECOND;
    limits_ticks = arch_time_hz / LIMITS_PER_SECOND;
    preempt_ticks = arch_time_hz / PREEMPT_PER_SECOND;
}

vaddr_t sched_prepare_cpu(u32 cpu)
{
    struct run_queue *rq = &run_queues[cpu];
    struct thread *idle = thread_alloc("idle", NULL, NULL);

    if (!idle)
        return 0;
    set_periods();
    spin_init(&rq->lock, "run queue");
    idle->cpu = cpu;
    idle->affinity = BIT(cpu);
    run_entity_init(&idle->run, 0);
    idle->state = THREAD_RUNNING;
    rq->idle = idle;
    return idle->stack.top;
}

void sched_start_cpu(void)
{
    struct run_queue *rq = this_queue();

    this_cpu()->current = rq->idle;
    rq->charged = rq->turn_start = arch_ticks();
    cpu_set_online(cpu_id());
}

void sched_idle(void)
{
    struct cpu *cpu = this_cpu();

    for (;;) {
        arch_irq_disable();
        if (!READ_ONCE(cpu->work))
            arch_idle();
        arch_irq_enable();
        if (sched_need_resched())
            sched_preempt();
    }
}

int sched_choose_cpu(u64 affinity)
{
    int best = -EINVAL;
    u32 least = ~0u, load;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        if (!(affinity & BIT(cpu)) || !cpu_online(cpu))
            continue;
        load = READ_ONCE(run_queues[cpu].tree.count) +
               (READ_ONCE(cpu_table[cpu].current) != run_queues[cpu].idle);
        if (load < least) {
            least = load;
            best = (int)cpu;
        }
    }
    return best;
}

void sched_start_thread(struct thread *t)
{
    irqflags_t flags = arch_irq_save();
    struct run_queue *rq = &run_queues[t->cpu];
    struct thread *parent = current_thread();
    u64 vruntime = parent->run.vruntime;

    spin_lock_nested(&rq->lock);
    timer_init(&t->sleep_timer, sleep_timeout);
    run_entity_init(&t->run, parent->run.nice);
    /* No credit for the young, and on the parent's cpu no more than the parent has. */
    t->run.vruntime = rq->tree.vtime;
    if (t->cpu == cpu_id() && (s64)(vruntime - t->run.vruntime) > 0)
        t->run.vruntime = vruntime;
    t->state = THREAD_RUNNING;
    run_insert(&rq->tree, &t->run);
    consider_preemption(rq, t);
    spin_unlock(&rq->lock, flags);
}

/* --- settings and figures --- */

void sched_set_uvm(struct uvm *uvm)
{
    irqflags_t flags = arch_irq_save();

    current_thread()->uvm = uvm;
    uvm_activate(uvm);
    arch_irq_restore(flags);
}

void sched_set_nice(struct thread *t, int nice)
{
    irqflags_t flags;
    struct run_queue *rq = lock_queue_of(t, &flags);

    run_set_nice(&t->run, nice);
    spin_unlock(&rq->lock, flags);
}

u64 sched_user_cpus(void)
{
    return BIT(0);
}

int sched_set_affinity(struct thread *t, u64 mask)
{
    /* Threads stay on the cpu where they are, so that one has to be among the new ones. */
    if (!(mask & BIT(t->cpu)))
        return -EINVAL;
    t->affinity = mask;
    return 0;
}

void sched_thread_ticks(struct thread *t, u64 *total, u64 *user)
{
    irqflags_t flags;
    struct run_queue *rq = lock_queue_of(t, &flags);
    u64 ticks = t->run.ticks;

    if (cpu_table[t->cpu].current == t)
        ticks += arch_ticks() - rq->charged;
    *total = ticks;
    /* What no sample has seen counts as user time, as nearly all short programs are. */
    *user = ticks - t->run.system_ticks;
    spin_unlock(&rq->lock, flags);
}

u64 sched_slice_ns(void)
{
    return NSEC_PER_SEC / SLICES_PER_SECOND;
}

void sched_cpu_stats(u32 cpu, struct sched_stats *out)
{
    struct run_queue *rq = &run_queues[cpu];
    struct thread *current;
    irqflags_t flags;

    *out = (struct sched_stats){.switches = 0};
    if (!rq->idle)
        return;
    flags = spin_lock(&rq->lock);
    current = cpu_table[cpu].current;
    out->switches = rq->switches;
    out->user_ticks = rq->user_ticks;
    out->system_ticks = rq->system_ticks;
    out->idle_ticks = rq->idle->run.ticks;
    if (current == rq->idle)
        out->idle_ticks += arch_ticks() - rq->charged;
    out->runnable = rq->tree.count + (current != rq->idle);
    out->blocked = rq->blocked;
    spin_unlock(&rq->lock, flags);
}
