/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest=stress: kernel threads on every cpu work the buddy, the slab and the kernel's map at the
 * same time, in several rounds; after each the frames must be as many as before.
 */
#include <base/atomic.h>
#include <base/init.h>
#include <base/percpu.h>
#include <kernel/sched.h>
#include <kernel/selftest.h>
#include <lib/errno.h>
#include <mm/drain.h>
#include <mm/kstack.h>
#include <mm/kvm.h>
#include <mm/page.h>

#define ROUNDS       4
#define BUDDY_ROUNDS 4000
#define SLAB_ROUNDS  8000
#define STACK_ROUNDS 100
#define STACKS       8

/* A round on all cpus: the seed, and the first error. */
struct stress {
    unsigned seed;
    int error;
};

/* Mappings come and go; each is written through its own address and must keep what it was given. */
static int map_stress(unsigned seed)
{
    struct kstack stacks[STACKS] = {{.top = 0}};
    struct kstack *s;
    u64 *word;
    int err = 0;

    for (unsigned i = 0; i < STACK_ROUNDS * STACKS && !err; i++) {
        seed = seed * 1103515245u + 12345u;
        s = &stacks[(seed >> 16) % STACKS];
        word = (u64 *)s->top - 1;
        if (s->top && *word != (u64)(vaddr_t)word)
            err = -EIO;
        if (s->top) {
            kstack_free(s);
            s->top = 0;
        } else if (!kstack_alloc(s, "stress")) {
            word = (u64 *)s->top - 1;
            *word = (u64)(vaddr_t)word;
        }
    }
    for (s = stacks; s < stacks + STACKS; s++) {
        if (s->top)
            kstack_free(s);
    }
    return err;
}

static void body(void *arg)
{
    struct stress *stress = arg;
    unsigned seed = stress->seed + cpu_id();
    int err = buddy_stress(seed, BUDDY_ROUNDS);

    cond_yield();
    if (!err)
        err = slab_stress(seed, SLAB_ROUNDS);
    cond_yield();
    if (!err)
        err = map_stress(seed);
    if (err)
        atomic_store_relaxed(&stress->error, err);
}

/* What the threads themselves took is back once they are gone: the first round only warms up. */
static u64 free_after_round(unsigned seed, int *error)
{
    struct stress stress = {.seed = seed};

    *error = selftest_on_all_cpus(body, &stress);
    if (!*error)
        *error = stress.error;
    sched_yield();
    mm_drain();
    return page_free_count();
}

static const char *selftest_stress(void)
{
    const char *wrong;
    u64 first, now;
    int error;

    first = free_after_round(1, &error);
    for (unsigned round = 1; round < ROUNDS && !error; round++) {
        now = free_after_round(round * 1000, &error);
        if (now != first)
            return selftest_fail("%lu free pages before round %u, %lu after", first, round, now);
    }
    if (error)
        return selftest_fail("error %d", -error);
    wrong = page_check();
    return wrong ? wrong : kvm_check(NULL, 0);
}
SELFTEST("stress", selftest_stress);
