/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest=shootdown: what one cpu takes out of the kernel's table, no cpu reaches any more. All cpus
 * read a word of one stack, so that each has its translation cached; one of them gives the stack's
 * frames back, which takes a flush on every cpu, and maps others at the same place; then all
 * must read what was written there, and not what the old frames hold.
 *
 * The threads run side by side and wait for each other at each step, never asleep: a change of
 * threads would fence by itself.
 */
#include <arch/cpu.h>
#include <base/atomic.h>
#include <base/init.h>
#include <base/percpu.h>
#include <kernel/selftest.h>
#include <kernel/time.h>
#include <lib/bits.h>
#include <lib/errno.h>
#include <lib/types.h>
#include <mm/kstack.h>
#include <mm/page.h>

#define ROUNDS   50u
#define OLD_WORD (~0ul)
#define STEP_NS  (10 * NSEC_PER_SEC)

struct shootdown {
    u32 members;
    u32 arrived; /* counts through all steps */
    u32 failed;
    u32 stale; /* reads of what had been unmapped */
    struct kstack stack;
};

static u64 *word_of(const struct shootdown *s)
{
    return (u64 *)s->stack.top - 1;
}

/* Waits until all members have come to the same step. False: one of them does not come any more. */
static bool meet(struct shootdown *s, u32 *step)
{
    u32 wanted = ++*step * s->members;
    u64 until = time_now_ns() + STEP_NS;

    atomic_fetch_add(&s->arrived, 1);
    while (READ_ONCE(s->arrived) < wanted && !READ_ONCE(s->failed)) {
        if (time_now_ns() > until)
            WRITE_ONCE(s->failed, 1);
        arch_relax();
    }
    atomic_fence();
    return !READ_ONCE(s->failed);
}

/*
 * Other frames at the same address. Free pages are a stack: the frame that was freed last, the one
 * with the word, is held back, so that the same one does not come again.
 */
static bool exchange_frames(struct shootdown *s, u64 number)
{
    vaddr_t top = s->stack.top;

    kstack_free(&s->stack);
    kstack_drain();
    struct page *held = page_alloc(0, 0, PAGE_KERNEL);
    int err = held ? kstack_alloc(&s->stack, "shootdown") : -ENOMEM;
    if (held)
        page_free(held, 0);
    if (err || s->stack.top != top)
        return false;
    *word_of(s) = number;
    return true;
}

/* One round. False: it cannot go on. */
static bool exchange_and_look(struct shootdown *s, u32 *step, u64 number)
{
    bool leads = cpu_id() == 0;

    if (leads)
        *word_of(s) = OLD_WORD;
    if (!meet(s, step) || READ_ONCE(*word_of(s)) != OLD_WORD || !meet(s, step))
        return false;
    if (leads && !exchange_frames(s, number))
        WRITE_ONCE(s->failed, 1);
    if (!meet(s, step))
        return false;
    if (READ_ONCE(*word_of(s)) != number)
        atomic_fetch_add(&s->stale, 1);
    return meet(s, step);
}

static void body(void *arg)
{
    struct shootdown *s = arg;
    u32 step = 0;

    for (u64 round = 1; round <= ROUNDS; round++)
        if (!exchange_and_look(s, &step, round)) {
            WRITE_ONCE(s->failed, 1);
            return;
        }
}

static const char *selftest_shootdown(void)
{
    struct shootdown s = {.members = (u32)bits_count(cpu_online_set())};

    kstack_drain();
    if (kstack_alloc(&s.stack, "shootdown"))
        return "no memory for a stack";
    int err = selftest_on_all_cpus(body, &s);
    kstack_free(&s.stack);
    if (err || s.failed)
        return "the cpus did not come through all steps";
    return s.stale ? selftest_fail("%u of %u reads found what had been unmapped", s.stale,
                                   s.members * ROUNDS)
                   : NULL;
}
SELFTEST("shootdown", selftest_shootdown);
