/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest=stress: kernel threads on every cpu work the buddy, the slab and the kernel's map at the
 * same time, in several rounds; after each the frames must be as many as before. Rounds are bounded
 * by time: a machine of many cpus on few real ones does what it can.
 */
#include <base/atomic.h>
#include <base/init.h>
#include <base/log.h>
#include <base/percpu.h>
#include <base/wait.h>
#include <kernel/sched.h>
#include <kernel/selftest.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <mm/drain.h>
#include <mm/kstack.h>
#include <mm/kvm.h>
#include <mm/page.h>

#define ROUNDS  4
#define PART_NS (200 * NSEC_PER_MSEC) /* of a round, for each of the three */
#define CHUNK   64u                   /* operations between two looks at the clock */
#define STACKS  8

#define SETTLE_NS (1 * NSEC_PER_SEC)

/* A round on all cpus: its seed, the first error, and how much was done. */
struct stress {
    unsigned seed;
    int error;
    u64 operations;
};

/*
 * Mappings come and go; each is written through its own address and must keep what it was given. The
 * drain takes the cached ones out of the table, with a flush on every cpu.
 */
static int map_stress(unsigned seed, unsigned rounds)
{
    struct kstack stacks[STACKS] = {{.top = 0}};
    struct kstack *s;
    u64 *word;
    int err = 0;

    for (unsigned i = 0; i < rounds && !err; i++) {
        seed = seed * 1103515245u + 12345u;
        s = &stacks[(seed >> 16) % STACKS];
        word = (u64 *)s->top - 1;
        if (s->top) {
            err = *word == (vaddr_t)word ? 0 : -EIO;
            kstack_free(s);
            s->top = 0;
        } else if (!kstack_alloc(s, "stress")) {
            word = (u64 *)s->top - 1;
            *word = (vaddr_t)word;
        }
    }
    for (s = stacks; s < stacks + STACKS; s++) {
        if (s->top)
            kstack_free(s);
    }
    kstack_drain();
    return err;
}

/* One of the three for its time; stops at the first error. */
static void part(struct stress *stress, int (*fn)(unsigned seed, unsigned rounds))
{
    u64 until = time_now_ns() + PART_NS;
    unsigned seed = stress->seed + cpu_id() * 1000;
    int err;

    do {
        err = fn(seed++, CHUNK);
        atomic_add_relaxed(&stress->operations, CHUNK);
        cond_yield();
    } while (!err && time_now_ns() < until);
    if (err)
        atomic_store_relaxed(&stress->error, err);
}

static void body(void *arg)
{
    part(arg, buddy_stress);
    part(arg, slab_stress);
    part(arg, map_stress);
}

/*
 * Pages that nobody holds but the kernel's table, which keeps the tables that it has grown by (how
 * many depends on how many stacks there were at the same time).
 */
static u64 count_pages(void)
{
    mm_drain();
    return page_free_count() + kernel_pt.tables;
}

static u64 run_round(unsigned seed, int *error)
{
    struct stress stress = {.seed = seed};

    *error = selftest_on_all_cpus(body, &stress);
    if (!*error)
        *error = stress.error;
    log_info("stress: %lu operations", stress.operations);
    return count_pages();
}

/* Threads that have said goodbye may still be on their way out on another cpu: waits for those. */
static u64 settle(u64 expected, u64 now)
{
    u64 until = time_now_ns() + SETTLE_NS;
    struct wait_queue nobody = WAIT_QUEUE_INIT(nobody, "settle");

    while (now != expected && time_now_ns() < until) {
        (void)wait_event_until(&nobody, false, time_now_ns() + 10 * NSEC_PER_MSEC, false);
        now = count_pages();
    }
    return now;
}

static const char *selftest_stress(void)
{
    const char *wrong;
    u64 first, now;
    int error;

    first = settle(0, run_round(1, &error)); /* warms up; expects nothing, so waits its time */
    for (unsigned round = 1; round < ROUNDS && !error; round++) {
        now = settle(first, run_round(round * 100000, &error));
        if (now != first)
            return selftest_fail("%lu pages before round %u, %lu after", first, round, now);
    }
    if (error)
        return selftest_fail("error %d", -error);
    wrong = page_check();
    return wrong ? wrong : kvm_check(NULL, 0);
}
SELFTEST("stress", selftest_stress);
