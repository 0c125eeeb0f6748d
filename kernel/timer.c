/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timer queues: one red-black tree per cpu, ordered by deadline, with the first one remembered. Deadlines are times of
 * the clock, so their order stays when its rate changes; ticks are computed where the hardware is set.
 *
 * A timer is in the queue of the cpu that armed it. Lock: the queue's, a leaf. The function of a
 * timer runs without it; `running` tells timer_cancel on another cpu that it has to wait. A timer that is armed
 * anew while its function still runs elsewhere is `astray`: from then on any cpu may be running that.
 */
#include <arch/smp.h>
#include <base/atomic.h>
#include <base/percpu.h>
#include <base/spinlock.h>
#include <kernel/tick.h>
#include <kernel/time.h>
#include <kernel/timer.h>

struct timer_queue {
    struct spinlock lock;
    struct rb_tree tree;
    struct timer *first;
    struct timer *running; /* whose function is being called */
    u32 rate_seen;         /* rate_changes when the hardware was set for it; this cpu's alone */
};

static struct timer_queue queues[CPU_MAX] = {
    [0 ... CPU_MAX - 1] = {.lock = SPINLOCK_INIT("timer queue")}};

static u32 rate_changes;

static struct timer *timer_of(struct rb_node *node)
{
    return node ? rb_entry(node, struct timer, node) : NULL;
}

static bool earlier(const struct rb_node *a, const struct rb_node *b)
{
    return rb_entry(a, struct timer, node)->deadline < rb_entry(b, struct timer, node)->deadline;
}

static void queue_insert(struct timer_queue *queue, struct timer *timer)
{
    rb_insert(&queue->tree, &timer->node, earlier);
    timer->armed = true;
    if (!queue->first || timer->deadline < queue->first->deadline)
        queue->first = timer;
}

static void queue_remove(struct timer_queue *queue, struct timer *timer)
{
    if (queue->first == timer)
        queue->first = timer_of(rb_next(&timer->node));
    rb_erase(&queue->tree, &timer->node);
    timer->armed = false;
}

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
    *timer = (struct timer){.fn = fn};
}

/* Takes the timer out of its queue if it is there; else says whether its function runs now. */
static bool disarm(struct timer *timer, bool *running)
{
    struct timer_queue *queue = &queues[timer->cpu];
    irqflags_t flags = spin_lock(&queue->lock);
    bool was_armed = timer->armed;

    if (was_armed)
        queue_remove(queue, timer);
    *running = queue->running == timer;
    spin_unlock(&queue->lock, flags);
    return was_armed;
}

/* Out of the queue of another cpu, where its function may still run. Interrupts off. */
static __noinline void leave_cpu(struct timer *timer)
{
    bool running;

    disarm(timer, &running);
    timer->astray |= running;
}

void timer_set_ns(struct timer *timer, u64 deadline)
{
    irqflags_t flags = arch_irq_save();
    struct timer_queue *queue = &queues[cpu_id()];

    if (unlikely(timer->cpu != cpu_id()))
        leave_cpu(timer);
    else
        timer_cancel_nowait(timer);
    spin_lock_nested(&queue->lock);
    timer->deadline = deadline;
    timer->cpu = cpu_id();
    queue_insert(queue, timer);
    if (queue->first == timer)
        tick_request(time_deadline_ticks(deadline));
    spin_unlock(&queue->lock, flags);
}

bool timer_cancel_nowait(struct timer *timer)
{
    bool running;

    return READ_ONCE(timer->armed) && disarm(timer, &running);
}

/* Whether its function runs on another cpu. On this one it cannot be half-way: interrupts do not nest. */
static __noinline bool runs_elsewhere(struct timer *timer)
{
    bool running = false;

    for (u32 cpu = 0; cpu < cpu_count() && !running; cpu++) {
        if (cpu == cpu_id())
            continue;
        irqflags_t flags = spin_lock(&queues[cpu].lock);
        running = queues[cpu].running == timer;
        spin_unlock(&queues[cpu].lock, flags);
    }
    return running;
}

/* The function may arm its timer while it is waited for: so its queue is looked at last. */
bool timer_cancel(struct timer *timer)
{
    bool was_armed = false, astray, running;

    do {
        astray = unlikely(timer->astray) && runs_elsewhere(timer);
        was_armed |= disarm(timer, &running);
    } while (astray || (running && timer->cpu != cpu_id()));
    return was_armed;
}

/* Takes the first timer if it is due. It becomes `running` until the next call. */
static struct timer *take_due(struct timer_queue *queue, u64 now)
{
    struct timer *timer;

    spin_lock_nested(&queue->lock);
    timer = queue->first;
    if (timer && timer->deadline <= now)
        queue_remove(queue, timer);
    else
        timer = NULL;
    queue->running = timer;
    spin_unlock_nested(&queue->lock);
    return timer;
}

void timer_run(u64 now)
{
    struct timer_queue *queue = &queues[cpu_id()];
    u64 now_ns = time_at_ticks(now);
    struct timer *timer;

    while ((timer = take_due(queue, now_ns)))
        timer->fn(timer);
}

u64 timer_next(void)
{
    struct timer_queue *queue = &queues[cpu_id()];
    u64 deadline;

    spin_lock_nested(&queue->lock);
    deadline = queue->first ? queue->first->deadline : TIME_NEVER;
    spin_unlock_nested(&queue->lock);
    return time_deadline_ticks(deadline);
}

void timer_poll(void)
{
    struct timer_queue *queue = &queues[cpu_id()];
    u32 changes = atomic_load_acquire(&rate_changes);

    if (likely(queue->rate_seen == changes))
        return;
    queue->rate_seen = changes;
    tick_request(timer_next());
}

void timer_rate_changed(void)
{
    irqflags_t flags = arch_irq_save();
    u32 others = cpu_online_set() & ~(u32)BIT(cpu_id());

    atomic_fetch_add(&rate_changes, 1u);
    timer_poll();
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (others & BIT(cpu))
            arch_ipi(cpu);
    arch_irq_restore(flags);
}
