/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c kernel/base/percpu.c kernel/base/spinlock.c
// sources: kernel/time.c kernel/timer.c lib/ratio.c lib/rbtree.c
/*
 * Timer queues: random arming, moving, cancelling and firing on two cpus against a table that knows
 * every deadline; the hardware is asked for the earliest one and never for a later one.
 */
#include "hostmachine.h"
#include <arch/smp.h>
#include <base/percpu.h>
#include <kernel/tick.h>
#include <kernel/time.h>
#include <kernel/timer.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMERS     40
#define OPERATIONS 200000
#define CPUS       2

struct subject {
    struct timer timer;
    u64 deadline; /* 0: not armed */
    u32 cpu;
    u32 fired;
    u64 again; /* arms itself again, so much later */
};

static struct subject subjects[TIMERS];
static u64 now, last_fired;
static u64 requested[CPUS]; /* the earliest deadline that the hardware was asked for */

/* The hardware; the memory of what it was told is the kernel's. */
u64 tick_programmed[CPU_MAX];

void tick_program(u64 deadline)
{
    assert_true(deadline < requested[cpu_id()]); /* or it need not have been asked */
    tick_programmed[cpu_id()] = deadline + 1;
    requested[cpu_id()] = deadline;
}

static u32 interrupted; /* cpus, by others */

void arch_ipi(u32 cpu)
{
    interrupted |= (u32)BIT(cpu);
}

static void rings(struct timer *timer)
{
    struct subject *s = container_of(timer, struct subject, timer);

    assert_false(host_irq_on);
    assert_int_equal(s->cpu, cpu_id());
    assert_true(s->deadline && s->deadline <= now);
    assert_true(s->deadline >= last_fired); /* in order */
    last_fired = s->deadline;
    s->fired++;
    s->deadline = 0;
    if (s->again) {
        s->deadline = now + s->again;
        timer_set_ns(timer, s->deadline);
        s->again = 0;
    }
}

static u64 earliest(u32 cpu)
{
    u64 least = TIME_NEVER;

    for (unsigned i = 0; i < TIMERS; i++)
        if (subjects[i].deadline && subjects[i].cpu == cpu)
            least = MIN(least, subjects[i].deadline);
    return least;
}

static void interrupt(u32 cpu)
{
    host_set_cpu(cpu);
    host_irq_on = false;
    requested[cpu] = TIME_NEVER;
    tick_programmed[cpu] = 0;
    last_fired = 0;
    timer_run(now);
    assert_true(timer_next() == earliest(cpu));
    assert_true(timer_next() > now);
    requested[cpu] = timer_next();
    tick_programmed[cpu] = timer_next() + 1;
    host_irq_on = true;
}

static void arm(struct subject *s, u64 seed)
{
    s->deadline = now + seed % 1000;
    s->deadline += !s->deadline;
    s->cpu = cpu_id();
    s->again = seed >> 32 & 1 ? 1 + (seed >> 40) % 300 : 0;
    timer_set_ns(&s->timer, s->deadline);
    assert_true(requested[cpu_id()] <= s->deadline);
}

static void random_operations(void **state)
{
    u64 seed = host_seed();
    u32 fired = 0;

    (void)state;
    arch_time_hz = NSEC_PER_SEC;
    time_init();
    for (unsigned i = 0; i < TIMERS; i++)
        timer_init(&subjects[i].timer, rings);
    for (unsigned i = 0; i < CPUS; i++)
        requested[i] = TIME_NEVER;
    now = 1;
    for (unsigned i = 0; i < OPERATIONS; i++) {
        u64 r = host_random(&seed);
        struct subject *s = &subjects[r % TIMERS];
        host_set_cpu(r >> 8 & 1);
        if ((r >> 16) % 3 == 0) {
            arm(s, host_random(&seed));
        } else if ((r >> 16) % 3 == 1) {
            bool armed = s->deadline != 0;
            assert_int_equal(timer_cancel(&s->timer), armed);
            s->deadline = 0;
        } else {
            now += r >> 20 & 63;
            for (u32 cpu = 0; cpu < CPUS; cpu++)
                if (requested[cpu] <= now)
                    interrupt(cpu);
        }
    }
    for (unsigned i = 0; i < TIMERS; i++)
        fired += subjects[i].fired;
    assert_true(fired > OPERATIONS / 20);
}

static void a_deadline_in_the_past_fires(void **state)
{
    struct subject *s = &subjects[0];

    (void)state;
    timer_cancel(&s->timer);
    for (unsigned i = 0; i < TIMERS; i++) {
        timer_cancel(&subjects[i].timer);
        subjects[i].deadline = 0;
    }
    host_set_cpu(0);
    *s = (struct subject){.deadline = 1, .cpu = 0};
    timer_init(&s->timer, rings);
    requested[0] = TIME_NEVER;
    tick_programmed[0] = 0;
    timer_set_ns(&s->timer, 1);
    assert_true(requested[0] == 1);
    interrupt(0);
    assert_int_equal(s->fired, 1);
}

/* A deadline stays where the clock shows it, whatever the hardware was asked for before. */
static void hardware_follows_the_clocks_rate(void **state)
{
    const u64 deadline = 1000 * NSEC_PER_SEC;
    struct subject *s = &subjects[0];

    (void)state;
    host_hold_ticks(NSEC_PER_SEC);
    arch_time_hz = NSEC_PER_SEC;
    time_init();
    host_set_cpu(1);
    cpu_set_count(CPUS);
    cpu_set_online(0);
    cpu_set_online(1);
    requested[1] = TIME_NEVER;
    tick_programmed[1] = 0;
    timer_init(&s->timer, rings);
    timer_set_ns(&s->timer, deadline);
    assert_true(requested[1] == deadline);

    host_set_cpu(0);
    requested[0] = TIME_NEVER;
    time_set_rate(TIME_RATE_NOMINAL / 10 * 11);
    interrupted = 0;
    timer_rate_changed();
    assert_true(interrupted == BIT(1));
    host_set_cpu(1);
    host_irq_on = false;
    timer_poll();
    assert_true(requested[1] == time_deadline_ticks(deadline) && requested[1] < deadline);
    timer_poll(); /* once is enough */

    time_set_rate(TIME_RATE_NOMINAL / 10 *
                  9); /* then the interrupt comes too early, and asks again */
    timer_rate_changed();
    timer_run(requested[1]);
    assert_true(timer_next() > requested[1] && time_at_ticks(timer_next()) >= deadline);
    assert_true(time_at_ticks(timer_next() - 1) < deadline);
    host_irq_on = true;
    assert_true(timer_cancel(&s->timer));
    host_hold_ticks(0);
}

/* --- armed anew while it rings --- */

static struct slow {
    struct timer timer;
    bool rings, cancelled; /* it has begun to; timer_cancel has returned */
    bool overtaken;        /* that has before this had ended */
} slow;

/* Takes its time, unless the test has its answer already. */
static void rings_slowly(struct timer *timer)
{
    struct slow *s = container_of(timer, struct slow, timer);

    __atomic_store_n(&s->rings, true, __ATOMIC_SEQ_CST);
    for (unsigned ms = 0; ms < 100 && !s->overtaken; ms++) {
        usleep(1000);
        s->overtaken = __atomic_load_n(&s->cancelled, __ATOMIC_SEQ_CST);
    }
}

static void *other_cpu(void *arg)
{
    host_set_cpu(1);
    host_irq_on = false;
    timer_run(now);
    return arg;
}

/* The timer is in another queue by then than the one whose cpu runs its function. */
static void cancelling_waits_for_an_earlier_ring(void **state)
{
    pthread_t other;

    (void)state;
    cpu_set_count(CPUS);
    now = 1000;
    requested[0] = requested[1] = TIME_NEVER;
    tick_programmed[0] = tick_programmed[1] = 0;
    host_set_cpu(1);
    timer_init(&slow.timer, rings_slowly);
    timer_set_ns(&slow.timer, 1);
    host_set_cpu(0);
    assert_int_equal(pthread_create(&other, NULL, other_cpu, NULL), 0);
    while (!__atomic_load_n(&slow.rings, __ATOMIC_SEQ_CST))
        usleep(100);
    timer_set_ns(&slow.timer, now + 1000);
    assert_true(timer_cancel(&slow.timer));
    __atomic_store_n(&slow.cancelled, true, __ATOMIC_SEQ_CST);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_false(slow.overtaken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(a_deadline_in_the_past_fires),
        cmocka_unit_test(hardware_follows_the_clocks_rate),
        cmocka_unit_test(cancelling_waits_for_an_earlier_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
