/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: what a program asks of its own: actions, masks, waiting, the alternate stack. All of it
 * concerns the current thread or process. Lock: sig.lock (signal.c).
 */
#include <base/wait.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/sigqueue.h>
#include <lib/errno.h>

/* Under the lock. Keeps `ignored` true, and forgets what nobody will see any more. */
static void set_action(struct process *p, int sig, const struct sig_action *new)
{
    sigset_mask bit = sig_bit(sig);
    struct thread *t;

    p->sig.action[sig - 1] = *new;
    p->sig.action[sig - 1].flags &= SA_KNOWN;
    p->sig.action[sig - 1].mask &= ~SIG_NEVER_BLOCKED;
    p->sig.custom |= bit;
    p->sig.ignored &= ~bit;
    if (sig_action_is_handler(new))
        return;
    if (new->handler == SIG_DFL && !new->flags)
        p->sig.custom &= ~bit;
    if (new->handler == SIG_DFL && !(bit & SIG_DEFAULT_IGNORED))
        return;
    p->sig.ignored |= bit;
    sigqueue_drop(&p->sig.pending, bit);
    list_for_each_entry (t, &p->threads, process_link)
        sigqueue_drop(&t->sig.pending, bit);
}

int sig_set_action(int sig, const struct sig_action *new, struct sig_action *old)
{
    struct process *p = current_process();
    irqflags_t flags;

    if (sig < 1 || sig > NSIG || (new && (sig_bit(sig) & SIG_NEVER_BLOCKED)))
        return -EINVAL;
    flags = spin_lock(&p->sig.lock);
    if (old)
        *old = sig_action_of(p, sig);
    if (new)
        set_action(p, sig, new);
    spin_unlock(&p->sig.lock, flags);
    return 0;
}

/* Under the lock. */
static void forget_handlers(struct process *p)
{
    for (int sig = 1; sig <= NSIG; sig++) {
        if (!(p->sig.custom & sig_bit(sig)))
            continue;
        if (p->sig.action[sig - 1].handler != SIG_IGN)
            p->sig.custom &= ~sig_bit(sig);
        else
            p->sig.action[sig - 1] = (struct sig_action){.handler = SIG_IGN};
    }
    p->sig.ignored = (p->sig.ignored & p->sig.custom) | (SIG_DEFAULT_IGNORED & ~p->sig.custom);
}

void sig_forget_handlers(struct process *p)
{
    irqflags_t flags = spin_lock(&p->sig.lock);

    forget_handlers(p);
    spin_unlock(&p->sig.lock, flags);
}

void sig_exec(void)
{
    struct thread *t = current_thread();
    struct process *p = t->process;
    irqflags_t flags = spin_lock(&p->sig.lock);

    p->sig.sole = NULL;
    forget_handlers(p);
    t->sig.altstack = (struct sig_altstack){.size = 0};
    sig_recalculate(t);
    spin_unlock(&p->sig.lock, flags);
}

static void set_blocked(struct thread *t, sigset_mask mask)
{
    t->sig.blocked = mask & ~SIG_NEVER_BLOCKED;
    sig_pass_on(t);
    sig_recalculate(t);
}

int sig_set_mask(int how, const sigset_mask *set, sigset_mask *old)
{
    struct thread *t = current_thread();
    irqflags_t flags;
    sigset_mask mask;

    if (old)
        *old = t->sig.blocked;
    if (!set)
        return 0;
    if (how == SIG_BLOCK)
        mask = t->sig.blocked | *set;
    else if (how == SIG_UNBLOCK)
        mask = t->sig.blocked & ~*set;
    else if (how == SIG_SETMASK)
        mask = *set;
    else
        return -EINVAL;
    flags = spin_lock(&t->process->sig.lock);
    set_blocked(t, mask);
    spin_unlock(&t->process->sig.lock, flags);
    return 0;
}

sigset_mask sig_pending_set(void)
{
    struct thread *t = current_thread();
    struct process *p = t->process;
    irqflags_t flags = spin_lock(&p->sig.lock);
    sigset_mask set = (t->sig.pending.set | p->sig.pending.set) & t->sig.blocked;

    spin_unlock(&p->sig.lock, flags);
    return set;
}

sigset_mask sig_all_pending(void)
{
    struct thread *t = current_thread();
    struct process *p = t->process;
    irqflags_t flags = spin_lock(&p->sig.lock);
    sigset_mask set = t->sig.pending.set | p->sig.pending.set;

    spin_unlock(&p->sig.lock, flags);
    return set;
}

bool sig_fatal_pending(void)
{
    struct thread *t = current_thread();

    return sig_pending(t) && sig_must_leave(t->process, t);
}

bool sig_is_ignored(int sig)
{
    struct thread *t = current_thread();

    return (READ_ONCE(t->process->sig.ignored) | t->sig.blocked) & sig_bit(sig);
}

bool sig_has_handler(int sig)
{
    struct thread *t = current_thread();
    irqflags_t flags = spin_lock(&t->process->sig.lock);
    struct sig_action action = sig_action_of(t->process, sig);

    spin_unlock(&t->process->sig.lock, flags);
    return sig_action_is_handler(&action) && !(t->sig.blocked & sig_bit(sig));
}

/* --- waiting for signals --- */

void sig_set_temporary_mask(sigset_mask mask)
{
    struct thread *t = current_thread();
    irqflags_t flags = spin_lock(&t->process->sig.lock);

    t->sig.saved = t->sig.blocked;
    t->sig.restore = true;
    set_blocked(t, mask);
    spin_unlock(&t->process->sig.lock, flags);
}

void sig_end_temporary_mask(void)
{
    struct thread *t = current_thread();
    irqflags_t flags;

    if (!t->sig.restore)
        return;
    flags = spin_lock(&t->process->sig.lock);
    t->sig.restore = false;
    set_blocked(t, t->sig.saved);
    spin_unlock(&t->process->sig.lock, flags);
}

static void sleep_until_signal(void)
{
    do
        sched_prepare(WAIT_INTERRUPTIBLE);
    while (sched_block(WAIT_FOREVER) != -EINTR);
}

int sig_suspend(sigset_mask mask)
{
    sig_set_temporary_mask(mask);
    sleep_until_signal();
    return -ERESTARTNOHAND; /* delivery brings the mask back */
}

/* A signal of `set` that is pending, or 0; until none is, `set` counts as awaited. */
static int take_awaited(struct thread *t, sigset_mask set, struct linux_siginfo *info)
{
    struct sig_process *sp = &t->process->sig;
    irqflags_t flags = spin_lock(&sp->lock);
    int sig = sig_take(t->process, t, set, info);

    t->sig.waiting = sig ? 0 : set;
    sig_recalculate(t);
    spin_unlock(&sp->lock, flags);
    sig_taken(t->process, sig, info);
    return sig;
}

static void stop_awaiting(struct thread *t)
{
    irqflags_t flags = spin_lock(&t->process->sig.lock);

    t->sig.waiting = 0;
    sig_pass_on(t);
    sig_recalculate(t);
    spin_unlock(&t->process->sig.lock, flags);
}

int sig_timed_wait(sigset_mask set, struct linux_siginfo *info, u64 deadline_ns)
{
    struct thread *t = current_thread();
    int sig, err = 0;

    set &= ~SIG_NEVER_BLOCKED;
    for (;;) {
        sched_prepare(WAIT_INTERRUPTIBLE);
        sig = take_awaited(t, set, info);
        if (err == -EINTR && !sig_pending(t))
            err = 0; /* another thread was faster: nothing to go back for */
        if (sig || err)
            break;
        err = sched_block(deadline_ns);
    }
    sched_unprepare();
    stop_awaiting(t);
    if (sig)
        return sig;
    return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

/* --- signalfd --- */

int sig_take_now(sigset_mask set, struct linux_siginfo *info)
{
    struct thread *t = current_thread();
    struct process *p = t->process;
    irqflags_t flags = spin_lock(&p->sig.lock);
    int sig = sig_take(p, t, set, info);

    sig_recalculate(t);
    spin_unlock(&p->sig.lock, flags);
    sig_taken(p, sig, info);
    return sig;
}

/* Whoever asks looks for signals after that, under sig.lock: none is sent in between unseen. */
struct wait_queue *sig_watch(struct process *p)
{
    if (!READ_ONCE(p->sig.watched))
        WRITE_ONCE(p->sig.watched, true);
    return &p->sig.watch;
}

/* --- the alternate stack --- */

bool sig_on_altstack(vaddr_t sp)
{
    const struct sig_altstack *alt = &current_thread()->sig.altstack;

    /* One that is disarmed while its handler runs is never in use: who finds it armed may have it. */
    return !(alt->flags & SS_AUTODISARM) && sp - alt->base < alt->size;
}

u32 sig_altstack_flags(vaddr_t sp)
{
    const struct sig_altstack *alt = &current_thread()->sig.altstack;
    u32 state = !alt->size ? SS_DISABLE : sig_on_altstack(sp) ? SS_ONSTACK : 0;

    return state | alt->flags;
}

int sig_set_altstack(const struct sig_altstack *new, struct sig_altstack *old, vaddr_t sp)
{
    struct thread *t = current_thread();

    if (old)
        *old = t->sig.altstack;
    if (!new)
        return 0;
    if (sig_on_altstack(sp))
        return -EPERM;
    if (new->size &&new->size < MINSIGSTKSZ)
        return -ENOMEM;
    t->sig.altstack = *new;
    return 0;
}
