/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: what a process's signal state is, and sending into it.
 *
 * Lock: process->sig.lock for all of it, the process's own state and that of its threads; wait
 * queues' and run queues' locks come below it. Sending decides at once what can be decided (ignored
 * signals, SIGKILL, the side effects of SIGCONT and the stop signals) and leaves the rest to the
 * receiver's return to user mode (sigdeliver.c).
 *
 * A signal to a process is queued once for all its threads, and one that does not block it is told
 * to look. Whoever was told and then takes fewer signals than before (it blocks some, it has waited
 * long enough, it ends) passes on what is pending (sig_pass_on), so that no signal waits for a
 * thread that does not look.
 */
#include <abi/linux/resource.h>
#include <base/atomic.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/sigqueue.h>
#include <lib/bits.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>

struct sig_upcalls sig_upcalls;

static SLAB_CACHE(action_cache, "sigaction", NSIG * sizeof(struct sig_action), 8);

void sig_info_init(struct linux_siginfo *info, int sig, int code)
{
    memset(info, 0, sizeof(*info));
    info->si_signo = sig;
    info->si_code = code;
}

/* --- actions --- */

struct sig_action sig_action_of(struct process *p, int sig)
{
    if (p->sig.custom & sig_bit(sig))
        return p->sig.action[sig - 1];
    return (struct sig_action){.handler = SIG_DFL};
}

bool sig_action_is_handler(const struct sig_action *action)
{
    return action->handler != SIG_DFL && action->handler != SIG_IGN;
}

bool sig_reaps_children(struct process *parent)
{
    irqflags_t flags = spin_lock(&parent->sig.lock);
    struct sig_action action = sig_action_of(parent, SIGCHLD);

    spin_unlock(&parent->sig.lock, flags);
    return action.handler == SIG_IGN || (action.flags & SA_NOCLDWAIT);
}

bool sig_wants_stops(struct process *parent)
{
    irqflags_t flags = spin_lock(&parent->sig.lock);
    struct sig_action action = sig_action_of(parent, SIGCHLD);

    spin_unlock(&parent->sig.lock, flags);
    return !(action.flags & SA_NOCLDSTOP);
}

/* --- the life of a process --- */

int sig_init_process(struct process *p)
{
    p->sig = (struct sig_process){.lock = SPINLOCK_INIT("signals"), .ignored = SIG_DEFAULT_IGNORED};
    sigqueue_init(&p->sig.pending);
    wait_queue_init(&p->sig.watch, "signalfd wait");
    p->sig.action = slab_alloc(&action_cache);
    return p->sig.action ? 0 : -ENOMEM;
}

int sig_fork(struct process *parent, struct process *child)
{
    struct sig_process *from = &parent->sig, *to = &child->sig;
    irqflags_t flags;
    sigset_mask left;
    unsigned i;
    int err = sig_init_process(child);

    if (err)
        return err;
    flags = spin_lock(&from->lock);
    to->custom = from->custom;
    to->ignored = from->ignored;
    for (left = from->custom; left; left &= left - 1) {
        i = bits_lowest(left);
        to->action[i] = from->action[i];
    }
    spin_unlock(&from->lock, flags);
    return 0;
}

void sig_free_process(struct process *p)
{
    sigqueue_drop(&p->sig.pending, ~0ul);
    slab_free(&action_cache, p->sig.action);
}

void sig_init_thread(struct thread *t, sigset_mask blocked)
{
    t->sig = (struct sig_thread){.blocked = blocked};
    sigqueue_init(&t->sig.pending);
}

void sig_flush_process(struct process *p)
{
    irqflags_t flags = spin_lock(&p->sig.lock);

    sigqueue_drop(&p->sig.pending, ~0ul);
    spin_unlock(&p->sig.lock, flags);
}

/* --- who looks --- */

bool sig_must_leave(const struct process *p, const struct thread *t)
{
    const struct thread *sole = READ_ONCE(p->sig.sole);

    return READ_ONCE(p->sig.exiting) || (sole && sole != t);
}

void sig_recalculate(struct thread *t)
{
    struct sig_process *sp = &t->process->sig;
    sigset_mask ready = (t->sig.pending.set | sp->pending.set) & ~t->sig.blocked;
    bool busy = ready || t->sig.forced || sp->stopped || sig_must_leave(t->process, t);

    if (busy && !sig_pending(t))
        sched_set_work(t, THREAD_WORK_SIGNAL, false);
    else if (!busy && sig_pending(t))
        sched_clear_work(THREAD_WORK_SIGNAL);
}

/* Whether the signal would reach the thread now: what sigtimedwait waits for does, too. */
static bool accepts(const struct thread *t, int sig)
{
    return !(t->sig.blocked & ~t->sig.waiting & sig_bit(sig));
}

void sig_interrupt_all(struct process *p)
{
    struct thread *t;

    atomic_fence(); /* before the look at who sleeps: stay_stopped() has the other half */
    list_for_each_entry (t, &p->threads, process_link)
        sched_set_work(t, THREAD_WORK_SIGNAL, true);
}

/* Who is to look at a signal for the process: one that has nothing else to look at, if possible. */
static struct thread *choose(struct process *p, int sig)
{
    struct thread *t;
    struct thread *best = NULL;

    list_for_each_entry (t, &p->threads, process_link) {
        if (t->sig.leaving || !accepts(t, sig))
            continue;
        if (!sig_pending(t))
            return t;
        if (!best)
            best = t;
    }
    return best;
}

static void interrupt_one(struct process *p, int sig)
{
    struct thread *t = choose(p, sig);

    if (t)
        sched_set_work(t, THREAD_WORK_SIGNAL, true);
}

int sig_take(struct process *p, struct thread *t, sigset_mask set, struct linux_siginfo *info)
{
    int sig = sigqueue_take(&t->sig.pending, set, info);

    return sig ? sig : sigqueue_take(&p->sig.pending, set, info);
}

void sig_taken(struct process *p, int sig, struct linux_siginfo *info)
{
    if (sig == SIGALRM)
        sig_upcalls.alarm_taken(p);
    if (sig && unlikely(info->si_code == SI_TIMER))
        sig_upcalls.timer_taken(p, info);
}

void sig_pass_on(struct thread *t)
{
    struct process *p = t->process;
    sigset_mask refused = t->sig.leaving ? ~0ul : t->sig.blocked & ~t->sig.waiting;
    sigset_mask left = p->sig.pending.set & refused;
    struct thread *other;
    int sig;

    if (p->thread_count == 1)
        return;
    for (; left; left &= left - 1) {
        sig = (int)bits_lowest(left) + 1;
        other = choose(p, sig);
        if (other)
            sched_set_work(other, THREAD_WORK_SIGNAL, true);
    }
}

/* --- threads come and go --- */

bool sig_add_thread(struct process *p, struct thread *t)
{
    bool welcome;

    spin_lock_nested(&p->sig.lock);
    welcome = !p->sig.exiting && !p->sig.stopped && !p->sig.sole;
    if (welcome) {
        list_push_back(&p->threads, &t->process_link);
        p->thread_count++;
        p->sig.takers++;
    }
    spin_unlock_nested(&p->sig.lock);
    return welcome;
}

void sig_come_to_rest(struct process *p, struct thread *t)
{
    if (!p->sig.stopped || t->sig.stop_seen == p->sig.stops)
        return;
    t->sig.stop_seen = p->sig.stops;
    if (--p->sig.stop_left == 0)
        p->sig.news = CLD_STOPPED;
}

bool sig_leave(struct thread *t)
{
    struct process *p = t->process;
    irqflags_t flags = spin_lock(&p->sig.lock);
    bool last;

    t->sig.leaving = true;
    sig_come_to_rest(p, t);
    last = --p->sig.takers == 0;
    if (!last)
        sig_pass_on(t);
    if (last && !p->sig.exiting) {
        p->sig.exiting = true;
        p->sig.exit_status = p->exit_status;
    }
    spin_unlock(&p->sig.lock, flags);
    return last;
}

void sig_remove_thread(struct process *p, struct thread *t)
{
    spin_lock_nested(&p->sig.lock);
    list_remove(&t->process_link);
    WRITE_ONCE(p->thread_count, p->thread_count - 1);
    sigqueue_drop(&t->sig.pending, ~0ul);
    if (p->sig.sole)
        wake_all(&p->child_wait);
    spin_unlock_nested(&p->sig.lock);
}

/* All threads are to look whether they must leave. */
static void drive_out(struct process *p)
{
    sig_interrupt_all(p);
    wake_all(&p->child_wait);
}

bool sig_begin_exec(struct process *p)
{
    irqflags_t flags = spin_lock(&p->sig.lock);
    bool mine = !p->sig.exiting && !p->sig.sole;

    if (mine) {
        p->sig.sole = current_thread();
        drive_out(p);
    }
    spin_unlock(&p->sig.lock, flags);
    return mine;
}

/* --- sending --- */

static void drop_everywhere(struct process *p, sigset_mask unwanted)
{
    struct thread *t;

    sigqueue_drop(&p->sig.pending, unwanted);
    list_for_each_entry (t, &p->threads, process_link)
        sigqueue_drop(&t->sig.pending, unwanted);
}

static void resume(struct process *p)
{
    p->sig.stop_taken = false;
    if (!p->sig.stopped)
        return;
    WRITE_ONCE(p->sig.stopped, false);
    sig_interrupt_all(p);
}

/* Under sig.lock. The first reason counts. */
static void begin_exit(struct process *p, int wait_status)
{
    if (p->sig.exiting)
        return;
    p->sig.exit_status = wait_status;
    WRITE_ONCE(p->sig.exiting, true);
    p->sig.stop_taken = false;
    WRITE_ONCE(p->sig.stopped, false);
    drive_out(p);
}

/* Stopping and continuing cancel each other when they are sent, whatever the receiver does. */
static void side_effects(struct process *p, int sig)
{
    if (sig == SIGCONT) {
        drop_everywhere(p, SIG_DEFAULT_STOPS);
        if (p->sig.stopped)
            p->sig.news = CLD_CONTINUED;
        resume(p);
    } else if (sig_bit(sig) & SIG_DEFAULT_STOPS) {
        drop_everywhere(p, sig_bit(SIGCONT));
    }
}

/*
 * Whether the init of a namespace is to be killed or stopped by somebody above, whom it cannot refuse that:
 * the kernel, or a process outside. By `info`, NULL: the kernel.
 */
static bool comes_from_above(const struct process *p, int sig, const struct linux_siginfo *info)
{
    if (p == process_one || !(sig_bit(sig) & SIG_NEVER_BLOCKED))
        return false;
    return !info || info->si_code > 0 || !pid_ns_is_within(current_pid_ns(), p->pid_ns);
}

/* A blocked signal is kept even if it is ignored: the action may change until it is unblocked. */
static bool is_pointless(struct process *p, const struct thread *t, int sig)
{
    if (t->sig.blocked & sig_bit(sig))
        return false;
    if (p->sig.unkillable && !(p->sig.custom & sig_bit(sig)))
        return true;
    return p->sig.ignored & sig_bit(sig);
}

/* A signal was queued: makes somebody look. */
static void tell(struct process *p, struct thread *t, bool shared, int sig)
{
    if (shared)
        interrupt_one(p, sig);
    else if (accepts(t, sig))
        sched_set_work(t, THREAD_WORK_SIGNAL, true);
    if (unlikely(p->sig.watched))
        wake_all(&p->sig.watch);
}

/* Under sig.lock. To thread `t`, or to any of the process's when `shared`. */
static int send(struct process *p, struct thread *t, bool shared, int sig,
                const struct linux_siginfo *info)
{
    struct sig_pending *queue = shared ? &p->sig.pending : &t->sig.pending;
    struct linux_siginfo from_kernel;
    int err;

    side_effects(p, sig);
    if (is_pointless(p, t, sig) && !(p->sig.unkillable && comes_from_above(p, sig, info)))
        return 0;
    if (sig == SIGKILL) {
        begin_exit(p, SIGKILL);
        return 0;
    }
    if (!info) {
        sig_info_init(&from_kernel, sig, SI_KERNEL);
        info = &from_kernel;
    }
    err = sigqueue_add(queue, sig, info, p->limit[RLIMIT_SIGPENDING].soft,
                       sig >= SIGRTMIN && info->si_code < 0);
    if (err)
        return err;
    tell(p, t, shared, sig);
    return 0;
}

int sig_send_process(struct process *p, int sig, const struct linux_siginfo *info)
{
    irqflags_t flags = spin_lock(&p->sig.lock);
    struct thread *first = list_first_entry(&p->threads, struct thread, process_link);
    int err = 0;

    if (first && !p->sig.exiting)
        err = send(p, first, true, sig, info);
    spin_unlock(&p->sig.lock, flags);
    return err;
}

int sig_send_thread(struct thread *t, int sig, const struct linux_siginfo *info)
{
    struct process *p = t->process;
    irqflags_t flags = spin_lock(&p->sig.lock);
    int err = 0;

    if (!p->sig.exiting)
        err = send(p, t, false, sig, info);
    spin_unlock(&p->sig.lock, flags);
    return err;
}

/* --- signals that are part of something --- */

/* Under sig.lock. The thread of p with that tid, or NULL. */
static struct thread *thread_with(struct process *p, int tid)
{
    struct thread *t;

    list_for_each_entry (t, &p->threads, process_link) {
        if (t->tid == tid)
            return t;
    }
    return NULL;
}

static void send_kept(struct process *p, struct thread *t, bool shared, struct sig_queued *entry)
{
    int sig = entry->info.si_signo;

    side_effects(p, sig);
    if (is_pointless(p, t, sig))
        return;
    if (sig == SIGKILL) {
        begin_exit(p, SIGKILL);
        return;
    }
    sigqueue_add_kept(shared ? &p->sig.pending : &t->sig.pending, entry);
    tell(p, t, shared, sig);
}

void sig_send_kept(struct process *p, int tid, struct sig_queued *entry)
{
    irqflags_t flags = spin_lock(&p->sig.lock);
    struct thread *t =
        tid ? thread_with(p, tid) : list_first_entry(&p->threads, struct thread, process_link);

    if (t && !p->sig.exiting)
        send_kept(p, t, !tid, entry);
    spin_unlock(&p->sig.lock, flags);
}

bool sig_is_queued(struct process *p, const struct sig_queued *entry)
{
    irqflags_t flags = spin_lock(&p->sig.lock);
    bool queued = list_linked(&entry->link);

    spin_unlock(&p->sig.lock, flags);
    return queued;
}

void sig_release_kept(struct process *p, struct sig_queued *entry)
{
    irqflags_t flags = spin_lock(&p->sig.lock);

    sigqueue_release(entry);
    spin_unlock(&p->sig.lock, flags);
}

void sig_force(int sig, int code, vaddr_t addr)
{
    struct thread *t = current_thread();
    irqflags_t flags = spin_lock(&t->process->sig.lock);

    sig_info_init(&t->sig.fault, sig, code);
    t->sig.fault.fault.addr = addr;
    t->sig.forced = true;
    sched_set_work(t, THREAD_WORK_SIGNAL, false);
    spin_unlock(&t->process->sig.lock, flags);
}

void sig_begin_exit(struct process *p, int wait_status)
{
    irqflags_t flags = spin_lock(&p->sig.lock);

    begin_exit(p, wait_status);
    spin_unlock(&p->sig.lock, flags);
}

int sig_take_news(struct process *p)
{
    int news;

    spin_lock_nested(&p->sig.lock);
    news = p->sig.news;
    p->sig.news = 0;
    spin_unlock_nested(&p->sig.lock);
    return news;
}
