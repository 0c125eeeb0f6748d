/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load averages: every five seconds the number of threads that run, want to, or sleep
 * uninterruptibly, in three exponentially fading means (as in Unix since 1973).
 */
#include <base/init.h>
#include <base/percpu.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <kernel/timer.h>

#define PERIOD_NS (5 * NSEC_PER_SEC)

/* e^(-5 s / 1, 5, 15 min), in 1/65536. */
static const u64 fading[3] = {60296, 64453, 65173};

static u64 averages[3];
static struct timer timer;

static u64 busy_threads(void)
{
    struct sched_stats stats;
    u64 busy = 0;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        sched_cpu_stats(cpu, &stats);
        busy += stats.runnable + stats.blocked;
    }
    return busy;
}

static void update(struct timer *t)
{
    u64 now = busy_threads() * LOAD_ONE;

    for (unsigned i = 0; i < 3; i++)
        averages[i] = (averages[i] * fading[i] + now * (LOAD_ONE - fading[i])) / LOAD_ONE;
    timer_set_ns(t, t->deadline + PERIOD_NS);
}

void loadavg_get(u64 out[3])
{
    for (unsigned i = 0; i < 3; i++)
        out[i] = READ_ONCE(averages[i]);
}

static void loadavg_start(void)
{
    timer_init(&timer, update);
    timer_set_ns(&timer, time_now_ns() + PERIOD_NS);
}
INITCALL(INIT_LATE, loadavg_start);
