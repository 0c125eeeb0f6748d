/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out of memory: see <kernel/oom.h> for the rule.
 *
 * One thread at a time chooses, under oom_lock; everybody who has found no page comes here. As long as
 * somebody is dying for it nobody else has to: those who come meanwhile wait for the memory. A victim
 * that does not end in time (it may be kept by the kernel) is given up, and the next one is chosen.
 *
 * Locks: oom_lock, then process_lock, then signals' locks. The score reads the sizes of spaces
 * without their locks: they may be held by the very threads that wait here.
 */
#include <base/init.h>
#include <base/log.h>
#include <base/mutex.h>
#include <base/wait.h>
#include <kernel/caps.h>
#include <kernel/oom.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <mm/drain.h>
#include <mm/page.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

/* Free pages with which an access is worth another try: the page, its tables, and some for others. */
#define ENOUGH_PAGES 32u

/* Children that count for their parent: enough to find who made them, few enough to look at at once. */
#define CHILDREN_MOST 256u

#define LOOK_EVERY_NS (NSEC_PER_MSEC)
#define LOOKS         10u
#define VICTIM_HAS_NS (2 * NSEC_PER_SEC) /* to end */

static struct mutex oom_lock = MUTEX_INIT(oom_lock, "out of memory");
static struct wait_queue quiet = WAIT_QUEUE_INIT(quiet, "memory wait");
static struct process *victim; /* the last one, with a reference; under oom_lock */
static u64 victim_until;       /* when it is given up */

/* --- the score --- */

/* In pipes and sockets that it has open. Under process_lock. */
static u64 pages_in_files(struct process *p)
{
    struct thread *t = process_thread_or_any(p, 0);

    return t ? proc_parts_pages(t) : 0;
}

/* Under process_lock. */
static u64 pages_of(struct process *p)
{
    return p->uvm ? uvm_footprint(p->uvm) + pages_in_files(p) : 0;
}

/* Pages, before the adjustment. Children that share their parent's space are in it already. */
static u64 family_pages(struct process *p)
{
    irqflags_t flags = spin_lock(&process_lock);
    u64 pages = pages_of(p);
    u32 n = 0;
    struct process *child;

    list_for_each_entry (child, &p->children, sibling) {
        if (n++ == CHILDREN_MOST)
            break;
        if (child->uvm != p->uvm)
            pages += pages_of(child) / 2;
    }
    spin_unlock(&process_lock, flags);
    return pages;
}

/* In pages; 0: never chosen. */
static u64 score(struct process *p)
{
    s64 adj = READ_ONCE(p->oom_score_adj);
    s64 total = (s64)page_total_count();

    if (p == process_one || adj == OOM_ADJ_MIN || !READ_ONCE(p->uvm))
        return 0;
    s64 points = (s64)family_pages(p) + adj * total / 1000;
    return points > 0 ? (u64)points : 1;
}

u32 oom_score(struct process *p)
{
    return (u32)(score(p) * 1000 / page_total_count());
}

int oom_set_adj(struct process *p, int adj)
{
    bool any = caps_have(CAP_SYS_RESOURCE);
    irqflags_t flags;
    int err = 0;

    if (adj < OOM_ADJ_MIN || adj > OOM_ADJ_MAX)
        return -EINVAL;
    flags = spin_lock(&process_lock);
    if (any)
        p->oom_score_adj_min = (s16)adj;
    if (adj >= p->oom_score_adj_min)
        WRITE_ONCE(p->oom_score_adj, (s16)adj);
    else
        err = -EACCES;
    spin_unlock(&process_lock, flags);
    return err;
}

/* --- the choice --- */

/* It is on its way, but its memory is not all free yet. */
static bool is_ending(const struct process *p)
{
    return READ_ONCE(p->state) == PROCESS_ALIVE && READ_ONCE(p->sig.exiting);
}

/*
 * Somebody who is ending anyhow, with a reference. Not who was waited for already, in vain: it may be kept by a
 * lock whose holder waits here, and while two such had turns, that holder would never be chosen.
 */
static struct process *find_ending(void)
{
    struct process *p;

    for (int pid = 0; (p = process_next(pid)); pid = process_pid(p), process_put(p))
        if (is_ending(p) && !p->oom_waited_for)
            return p;
    return NULL;
}

/* The highest score, the first of equals, with a reference; NULL: nobody can be chosen. */
static struct process *choose(void)
{
    struct process *best = NULL, *p;
    u64 highest = 0;

    for (int pid = 0; (p = process_next(pid));) {
        u64 points = is_ending(p) ? 0 : score(p);
        struct process *loser = p;

        pid = process_pid(p);
        if (points > highest) {
            loser = best;
            best = p;
            highest = points;
        }
        if (loser)
            process_put(loser);
    }
    return best;
}

static void report(struct process *p, struct uvm *uvm)
{
    struct uvm_stats s;
    irqflags_t flags = spin_lock(&process_lock);
    u64 in_files = pages_in_files(p);

    spin_unlock(&process_lock, flags);
    uvm_stats(uvm, &s);
    log_warn("%s (pid %d): killed: out of memory: %lu KiB resident, %lu KiB of page tables, "
             "%lu KiB in pipes and sockets, %lu KiB booked, oom_score_adj %d; %lu KiB free",
             p->comm, process_pid(p), s.resident * (PAGE_SIZE / KiB), s.tables * (PAGE_SIZE / KiB),
             in_files * (PAGE_SIZE / KiB), s.total * (PAGE_SIZE / KiB), p->oom_score_adj,
             page_free_count() * (PAGE_SIZE / KiB));
}

/* All that share its memory go with it, or nothing of that would be free. */
static void kill_all_of(const struct uvm *uvm)
{
    struct process *p;

    for (int pid = 0; (p = process_next(pid));) {
        pid = process_pid(p);
        if (READ_ONCE(p->uvm) == uvm && p != process_one)
            sig_send_process(p, SIGKILL, NULL);
        process_put(p);
    }
}

static void kill_process(struct process *p)
{
    struct uvm *uvm = process_uvm(p);

    if (!uvm)
        return; /* it has ended meanwhile */
    report(p, uvm);
    kill_all_of(uvm);
    uvm_put(uvm);
}

/* Takes over the reference. */
static void wait_for_end_of(struct process *p)
{
    if (victim)
        process_put(victim);
    p->oom_waited_for = true;
    victim = p;
    victim_until = time_now_ns() + VICTIM_HAS_NS;
}

/* --- the wait --- */

static bool is_enough(void)
{
    return page_free_count() >= ENOUGH_PAGES;
}

/* Whether the last victim is still on its way. */
static bool is_dying(void)
{
    return victim && READ_ONCE(victim->state) == PROCESS_ALIVE && time_now_ns() < victim_until;
}

/*
 * Somebody is chosen unless memory is about to come back, or lay in caches, of other cpus for instance:
 * that is not worth a life. False: there is nobody.
 */
static bool make_room(void)
{
    if (is_dying())
        return true;
    mm_drain();
    if (is_enough())
        return true;
    struct process *p = find_ending();
    if (!p && (p = choose()))
        kill_process(p);
    if (p)
        wait_for_end_of(p);
    return p;
}

/* A while, in which the victim may end; the current thread may be its own. */
static void wait_for_victim(void)
{
    for (u32 i = 0; i < LOOKS && is_dying() && !sig_fatal_pending(); i++)
        wait_event_until(&quiet, sig_fatal_pending(), time_now_ns() + LOOK_EVERY_NS, false);
}

bool oom_handle(void)
{
    if (sig_fatal_pending())
        return true;
    mutex_lock(&oom_lock);
    bool room = make_room();
    if (room)
        wait_for_victim();
    mutex_unlock(&oom_lock);
    return room;
}

/* An access that a system call makes for the program. Who is to die itself need not go on with it. */
static bool make_room_for_copy(void)
{
    return oom_handle() && !sig_fatal_pending();
}

static void oom_init(void)
{
    usercopy_make_room = make_room_for_copy;
}
INITCALL(INIT_FS, oom_init);
