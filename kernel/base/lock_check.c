/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock checker: see <base/lock_check.h>.
 *
 * What a cpu holds only that cpu writes, with interrupts off; what a thread holds only that thread writes.
 * The graph is changed under a lock of its own that is checked by nobody (a plain word, spun on with
 * interrupts off); known edges are read without it. A finding switches the checker off before it
 * panics, because what panic does is no longer by the rules.
 */
#include <base/lock_check.h>

#if LOCK_CHECK
#include <arch/cpu.h>
#include <arch/irq.h>
#include <base/atomic.h>
#include <base/lock_graph.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/symbols.h>
#include <lib/errno.h>
#include <lib/fmt.h>

static struct lock_graph graph;
static struct lock_path way_round; /* of the finding that is being reported */
static u32 graph_busy;
static bool off;
static struct lock_stack spinning[CPU_MAX];

static bool is_off(void)
{
    return unlikely(READ_ONCE(off));
}

void lock_check_off(void)
{
    WRITE_ONCE(off, true);
}

static irqflags_t graph_lock(void)
{
    irqflags_t flags = arch_irq_save();
    while (__atomic_exchange_n(&graph_busy, 1, __ATOMIC_ACQUIRE))
        arch_relax();
    return flags;
}

static void graph_unlock(irqflags_t flags)
{
    atomic_store_release(&graph_busy, 0);
    arch_irq_restore(flags);
}

/* --- reports --- */

/* Two texts of a kind can be in one line. */
struct text {
    char at[SYMBOL_TEXT_MAX];
};

static const char *where(vaddr_t at, struct text *text)
{
    return symbol_format_return(at, text->at, sizeof(text->at));
}

static const char *name_of(u8 class)
{
    return graph.class[class].name;
}

static const char *kind_of(u8 class)
{
    return graph.class[class].sleeps ? "lock" : "spinlock";
}

static void explain_way(const void *arg)
{
    const struct lock_path *way = arg;
    for (u32 i = 0; i < way->length; i++) {
        const struct lock_edge *e = &way->edge[i];
        struct text held, taken;
        fmt_print(log_raw_sink(), "  before: %s taken at %s while %s was held from %s\n",
                  name_of(e->taken), where(e->taken_at, &taken), name_of(e->held),
                  where(e->held_at, &held));
    }
}

static __noreturn void report_order(const struct lock_edge *e)
{
    struct text held, taken;
    lock_check_off();
    panic_explain(explain_way, &way_round, "lock order: %s %s taken at %s while %s is held from %s",
                  kind_of(e->taken), name_of(e->taken), where(e->taken_at, &taken),
                  name_of(e->held), where(e->held_at, &held));
}

static __noreturn void report_pair(const struct lock_held *held, const void *lock, vaddr_t at)
{
    struct text first, second;
    lock_check_off();
    panic("lock order: %s %s taken at %s while %s is held from %s", kind_of(held->class),
          name_of(held->class), where(at, &second),
          held->lock == lock ? "the same" : "another of its kind", where(held->at, &first));
}

static __noreturn void report_sleep(const struct lock_stack *spins)
{
    struct text text;
    lock_check_off();
    if (spins->count) {
        const struct lock_held *last = &spins->held[spins->count - 1];
        panic("sleeping with spinlock %s held from %s", name_of(last->class),
              where(last->at, &text));
    }
    panic("sleeping %s", this_cpu()->irq_depth ? "in an interrupt" : "with interrupts off");
}

/* --- order --- */

/* An edge that was not known a moment ago. */
static void learn(const struct lock_edge *e)
{
    irqflags_t flags = graph_lock();
    int err = 0;
    if (!lock_graph_knows(&graph, e->held, e->taken))
        err = lock_graph_add(&graph, e, &way_round);
    if (err == -EDEADLK)
        report_order(e);
    if (err)
        panic("the lock checker knows its %d edges and needs another", LOCK_EDGES_MAX);
    graph_unlock(flags);
}

static void check_order(const struct lock_stack *stack, const struct lock_held *next,
                        enum lock_how how)
{
    for (u32 i = 0; i < stack->count; i++) {
        const struct lock_held *held = &stack->held[i];
        if (held->class != next->class) {
            if (!lock_graph_knows(&graph, held->class, next->class))
                learn(&(struct lock_edge){held->class, next->class, held->at, next->at});
        } else if (how != LOCK_SECOND || held->lock >= next->lock) {
            report_pair(held, next->lock, next->at);
        }
    }
}

static void push(struct lock_stack *stack, const struct lock_held *held)
{
    if (stack->count == LOCKS_HELD_MAX)
        panic("the lock checker sees more than %d locks held", LOCKS_HELD_MAX);
    stack->held[stack->count++] = *held;
}

/* Locks are released in any order. False when it is not there. */
static bool pop(struct lock_stack *stack, const void *lock)
{
    u32 i = stack->count;
    while (i && stack->held[i - 1].lock != lock)
        i--;
    if (!i)
        return false;
    for (; i < stack->count; i++)
        stack->held[i - 1] = stack->held[i];
    stack->count--;
    return true;
}

static u8 class_of(u8 *cached, const char *name, bool sleeps)
{
    if (likely(*cached))
        return *cached;
    if (!name)
        panic("a lock without a name is taken");
    irqflags_t flags = graph_lock();
    u8 class = lock_graph_class(&graph, name, sleeps);
    graph_unlock(flags);
    if (!class)
        panic("the lock checker knows its %d kinds of locks and needs another", LOCK_CLASSES_MAX);
    return *cached = class;
}

static void take(struct lock_stack *stack, const struct lock_held *next, enum lock_how how)
{
    if (how != LOCK_TRIED)
        check_order(stack, next, how);
    push(stack, next);
}

/* --- spinlocks --- */

void lock_check_spin(const void *lock, u8 *class, const char *name, enum lock_how how, vaddr_t at)
{
    if (is_off())
        return;
    struct lock_held next = {.lock = lock, .at = at, .class = class_of(class, name, false)};
    take(&spinning[cpu_id()], &next, how);
}

void lock_check_spin_drop(const void *lock)
{
    if (!is_off())
        pop(&spinning[cpu_id()], lock); /* spinlock.c has seen that it is held */
}

/* --- locks that sleep --- */

void lock_check_may_sleep(void)
{
    const struct lock_stack *spins = &spinning[cpu_id()];
    if (!is_off() && (spins->count || !arch_irq_enabled()))
        report_sleep(spins);
}

void lock_check_sleeping(const void *lock, struct lock_label *label, const char *name,
                         enum lock_how how)
{
    struct lock_stack *mine = this_cpu()->locks;
    if (is_off() || !mine) /* start-up has no thread, and is alone */
        return;
    lock_check_may_sleep();
    take(mine,
         &(struct lock_held){.lock = lock,
                             .at = (vaddr_t)__builtin_return_address(0),
                             .class = class_of(&label->class, name, true)},
         how);
}

void lock_check_sleeping_drop(const void *lock, const char *name)
{
    struct lock_stack *mine = this_cpu()->locks;
    if (is_off() || !mine || pop(mine, lock))
        return;
    lock_check_off();
    panic("lock %s released by a thread that does not hold it", name);
}

void lock_check_switch(struct lock_stack *stack)
{
    this_cpu()->locks = stack;
}

void lock_check_none_held(void)
{
    const struct lock_stack *mine = this_cpu()->locks;
    struct text text;
    if (is_off() || !mine || !mine->count)
        return;
    lock_check_off();
    panic("lock %s is still held from %s", name_of(mine->held[mine->count - 1].class),
          where(mine->held[mine->count - 1].at, &text));
}

/* --- what has been learnt --- */

/* Edges only come; one that comes meanwhile is printed or not. */
void lock_check_print(struct fmt_sink *sink)
{
    u32 edges = atomic_load_acquire(&graph.edges);
    for (u32 i = 0; i < edges; i++) {
        const struct lock_edge *e = &graph.edge[i];
        fmt_print(sink, "%s %s before %s\n", kind_of(e->held), name_of(e->held), name_of(e->taken));
    }
}

/* --- panic --- */

static void show(u32 cpu, const struct lock_stack *stack)
{
    struct text text;
    for (u32 i = 0; i < MIN(stack->count, LOCKS_HELD_MAX); i++)
        fmt_print(log_raw_sink(), "  cpu %u holds or waits for %s %s from %s\n", cpu,
                  kind_of(stack->held[i].class), name_of(stack->held[i].class),
                  where(stack->held[i].at, &text));
}

void lock_check_show(u32 cpu)
{
    if (cpu_table[cpu].locks)
        show(cpu, cpu_table[cpu].locks);
    show(cpu, &spinning[cpu]);
}
#endif
