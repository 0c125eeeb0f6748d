/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two tests of what cpus do to each other's translations. Their threads run side by side on all cpus and
 * wait for each other at each step, never asleep: a change of threads would fence by itself.
 *
 * selftest=shootdown: what one cpu takes out of the kernel's table, no cpu reaches any more. All cpus
 * read a word of one stack, so that each has its translation cached; one of them gives the stack's
 * frames back, which takes a flush on every cpu, and maps others at the same place; then all
 * must read what was written there, and not what the old frames hold.
 *
 * selftest=spaces: who is told of a change of a program's space: cpus that run it are, those that
 * have left it are not, but fence when they come back, and then only. Counted by the mmu's own counters.
 */
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <base/atomic.h>
#include <base/init.h>
#include <base/percpu.h>
#include <kernel/sched.h>
#include <kernel/selftest.h>
#include <kernel/time.h>
#include <lib/bits.h>
#include <lib/errno.h>
#include <lib/types.h>
#include <mm/kstack.h>
#include <mm/kvm.h>
#include <mm/page.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

#define ROUNDS   50u
#define OLD_WORD (~0ul)
#define STEP_NS  (10 * NSEC_PER_SEC)

/* Where the members of a test wait for each other. */
struct meeting {
    u32 members;
    u32 arrived; /* counts through all steps */
    u32 failed;
};

/* Waits until all members have come to the same step. False: one of them does not come any more. */
static bool meet(struct meeting *m, u32 *step)
{
    u32 wanted = ++*step * m->members;
    u64 until = time_now_ns() + STEP_NS;

    atomic_fetch_add(&m->arrived, 1);
    while (READ_ONCE(m->arrived) < wanted && !READ_ONCE(m->failed)) {
        if (time_now_ns() > until)
            WRITE_ONCE(m->failed, 1);
        arch_relax();
    }
    atomic_fence();
    return !READ_ONCE(m->failed);
}

static struct meeting meeting_of_all(void)
{
    return (struct meeting){.members = (u32)bits_count(cpu_online_set())};
}

/* --- the kernel's table ---------------------------------------------------------------------- */

struct shootdown {
    struct meeting meeting;
    u32 stale; /* reads of what had been unmapped */
    struct kstack stack;
};

static u64 *word_of(const struct shootdown *s)
{
    return (u64 *)s->stack.top - 1;
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
    if (!meet(&s->meeting, step) || READ_ONCE(*word_of(s)) != OLD_WORD || !meet(&s->meeting, step))
        return false;
    if (leads && !exchange_frames(s, number))
        WRITE_ONCE(s->meeting.failed, 1);
    if (!meet(&s->meeting, step))
        return false;
    if (READ_ONCE(*word_of(s)) != number)
        atomic_fetch_add(&s->stale, 1);
    return meet(&s->meeting, step);
}

static void body(void *arg)
{
    struct shootdown *s = arg;
    u32 step = 0;

    for (u64 round = 1; round <= ROUNDS; round++)
        if (!exchange_and_look(s, &step, round)) {
            WRITE_ONCE(s->meeting.failed, 1);
            return;
        }
}

static const char *selftest_shootdown(void)
{
    struct shootdown s = {.meeting = meeting_of_all()};

    kstack_drain();
    if (kstack_alloc(&s.stack, "shootdown"))
        return "no memory for a stack";
    int err = selftest_on_all_cpus(body, &s);
    kstack_free(&s.stack);
    if (err || s.meeting.failed)
        return "the cpus did not come through all steps";
    return s.stale ? selftest_fail("%u of %u reads found what had been unmapped", s.stale,
                                   s.meeting.members * ROUNDS)
                   : NULL;
}
SELFTEST("shootdown", selftest_shootdown);

/* --- programs' spaces ------------------------------------------------------------------------ */

struct spaces {
    struct meeting meeting;
    struct uvm *uvm;
    u64 generation;    /* of the kernel's table, before the threads and their stacks were made */
    const char *wrong; /* the first finding */
};

static void expect(struct spaces *s, bool good, const char *wrong)
{
    if (!good)
        WRITE_ONCE(s->wrong, wrong);
}

/* Maps a page of the space, uses it, and unmaps it: one flush. What that counted on this cpu. */
static struct mmu_counters change_space(struct spaces *s)
{
    struct mmu_counters *now = &mmu_counters[cpu_id()], before = *now;
    vaddr_t va = 0;
    u8 byte = 1;

    expect(s,
           !uvm_map(s->uvm, &va, PAGE_SIZE, UVM_R | UVM_W, 0, NULL, 0) &&
               !uvm_copyout(s->uvm, va, &byte, 1) && !uvm_unmap(s->uvm, va, PAGE_SIZE),
           "cannot map and unmap");
    return (struct mmu_counters){.sent = now->sent - before.sent,
                                 .asked = now->asked - before.asked,
                                 .avoided = now->avoided - before.avoided};
}

/* This cpu leaves the space, if it runs it, and takes it up. Whether it had to fence. */
static bool take_up(struct spaces *s)
{
    u64 *fences = &mmu_counters[cpu_id()].entry_fences, before = *fences;

    sched_set_uvm(NULL);
    sched_set_uvm(s->uvm);
    return *fences != before;
}

/* The other cpus run the space. */
static void change_under_others(struct spaces *s)
{
    u32 others = s->meeting.members - 1;
    struct mmu_counters done = change_space(s);

    expect(s, done.asked == others && done.sent == (others > 0),
           "not just the cpus that run the space were made to fence");
}

/* They have left it; keeps: they remember it under ASIDs. */
static void change_behind_others(struct spaces *s, bool keeps)
{
    u32 others = s->meeting.members - 1;
    struct mmu_counters done = change_space(s);

    expect(s, !done.sent && !done.asked, "a cpu that does not run the space was made to fence");
    expect(s, done.avoided == (keeps ? others : 0), "the cpus that were spared are miscounted");
}

/* Others run the space; they have to fetch new code anew, once. */
static void change_code(struct spaces *s)
{
    u64 *fences = &mmu_counters[cpu_id()].fetch_fences, before = *fences;

    uvm_sync_code(s->uvm);
    expect(s, *fences - before == (s->meeting.members > 1), "others do not fetch new code anew");
}

static bool spaces_steps(struct spaces *s, u32 *step)
{
    bool leads = cpu_id() == 0, keeps = take_up(s);

    expect(s, kvm_seen[cpu_id()] >= s->generation, "a stack was used that the cpu knew nothing of");
    if (!meet(&s->meeting, step))
        return false;
    if (leads)
        change_under_others(s);
    if (!meet(&s->meeting, step))
        return false;
    expect(s, !take_up(s), "a space that has not changed was fenced"); /* since the shootdown */
    sched_set_uvm(leads ? s->uvm : NULL);
    if (!meet(&s->meeting, step))
        return false;
    if (leads)
        change_behind_others(s, keeps);
    if (!meet(&s->meeting, step))
        return false;
    if (!leads)
        expect(s, take_up(s) == keeps, "a space that has changed was not fenced");
    if (!meet(&s->meeting, step))
        return false;
    if (leads)
        change_code(s);
    return meet(&s->meeting, step);
}

static void spaces_body(void *arg)
{
    struct spaces *s = arg;
    u32 step = 0;

    uvm_get(s->uvm);
    if (!spaces_steps(s, &step))
        WRITE_ONCE(s->meeting.failed, 1);
    sched_set_uvm(NULL);
    uvm_put(s->uvm);
}

static const char *selftest_spaces(void)
{
    struct spaces s = {.meeting = meeting_of_all(), .uvm = uvm_create()};

    if (!s.uvm)
        return "no memory for a space";
    kstack_drain(); /* so that the threads get stacks that were never mapped where they run */
    s.generation = atomic_load_acquire(&kvm_generation);
    int err = selftest_on_all_cpus(spaces_body, &s);
    uvm_put(s.uvm);
    if (err || s.meeting.failed)
        return "the cpus did not come through all steps";
    return s.wrong;
}
SELFTEST("spaces", selftest_spaces);
