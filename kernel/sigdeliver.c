/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: delivery, on the receiver's way back to user mode.
 *
 * Takes one signal after the other until one has a handler; that one's frame is pushed, and the rest
 * waits until the next look. Default actions are done here: stop, or the end of the process. A
 * system call that came back with one of the -ERESTART codes is settled here and nowhere else.
 */
#include <arch/context.h>
#include <arch/signal.h>
#include <arch/trap.h>
#include <arch/vdso.h>
#include <base/log.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <lib/errno.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

/* The system call that goes on with an interrupted sleep; the number is the ABI's. */
#define NR_RESTART_SYSCALL 128

struct taken {
    int sig; /* 0: nothing */
    bool forced;
    struct sig_action action;
    struct linux_siginfo info;
};

/* --- interrupted system calls --- */

static bool goes_on(long code, const struct sig_action *handler)
{
    switch (code) {
    case ERESTARTNOINTR:
        return true;
    case ERESTARTSYS:
        return !handler || (handler->flags & SA_RESTART);
    default:
        return !handler;
    }
}

/* The call was interrupted, by a handler or for nothing: repeats it, or lets it fail. */
static void settle_syscall(struct trap_frame *tf, const struct sig_action *handler)
{
    long code;

    if (!tf_is_syscall(tf))
        return;
    code = -tf_result(tf);
    if (code < ERESTARTSYS || code > ERESTART_RESTARTBLOCK) {
        tf_clear_syscall(tf);
        return;
    }
    if (!goes_on(code, handler)) {
        current_thread()->restart.go_on = NULL;
        tf_set_result(tf, -EINTR);
        tf_clear_syscall(tf);
    } else if (code == ERESTART_RESTARTBLOCK) {
        tf_restart_as(tf, NR_RESTART_SYSCALL);
    } else {
        tf_restart_syscall(tf);
    }
}

/* --- taking --- */

/* A fault can be neither blocked nor ignored: that would only repeat it for ever. */
static void take_forced(struct process *p, struct thread *t, struct taken *out)
{
    int sig = t->sig.fault.si_signo;

    t->sig.forced = false;
    out->forced = true;
    out->sig = sig;
    out->info = t->sig.fault;
    out->action = sig_action_of(p, sig);
    if (!sig_action_is_handler(&out->action) || (t->sig.blocked & sig_bit(sig)))
        out->action = (struct sig_action){.handler = SIG_DFL};
}

static void take_queued(struct process *p, struct thread *t, struct taken *out)
{
    out->sig = sig_take(p, t, ~t->sig.blocked, &out->info);
    if (!out->sig)
        return;
    out->action = sig_action_of(p, out->sig);
    /* A stop that is undone from here on must not come into force (stop_process). */
    if (sig_bit(out->sig) & SIG_DEFAULT_STOPS)
        p->sig.stop_taken = true;
}

static void take(struct process *p, struct thread *t, struct taken *out)
{
    irqflags_t flags = spin_lock(&p->sig.lock);

    out->sig = 0;
    out->forced = false;
    if (t->sig.forced)
        take_forced(p, t, out);
    else
        take_queued(p, t, out);
    if (out->sig && (out->action.flags & SA_RESETHAND)) {
        p->sig.custom &= ~sig_bit(out->sig);
        p->sig.ignored |= sig_bit(out->sig) & SIG_DEFAULT_IGNORED;
    }
    sig_recalculate(t);
    spin_unlock(&p->sig.lock, flags);
    sig_taken(p, out->sig, &out->info);
}

/* --- default actions --- */

static bool is_stopped(const struct process *p, const struct thread *t)
{
    return READ_ONCE(p->sig.stopped) && !sig_must_leave(p, t);
}

static void tell_news(struct process *p)
{
    if (READ_ONCE(p->sig.news))
        sig_upcalls.job_change(p);
}

/* Comes to rest for the stop that there is now; it may be another one than before the last sleep. */
static void rest(struct process *p, struct thread *t)
{
    irqflags_t flags = spin_lock(&p->sig.lock);

    sig_come_to_rest(p, t);
    spin_unlock(&p->sig.lock, flags);
    tell_news(p);
}

/*
 * Sleeps while the process is stopped. The last thread to come to rest tells the parent of the
 * stop, the first to run again of its end.
 */
static void stay_stopped(struct process *p, struct thread *t)
{
    while (is_stopped(p, t)) {
        rest(p, t);
        sched_prepare_stop();
        if (is_stopped(p, t) && t->sig.stop_seen == READ_ONCE(p->sig.stops))
            sched_block(WAIT_FOREVER);
        sched_unprepare();
    }
    tell_news(p);
}

/*
 * The terminal must not stop a process whom nobody could continue. The group is looked at without
 * sig.lock (process_lock comes first), so a SIGCONT may have come in between: stop_taken says.
 */
static void stop_process(struct process *p, int sig)
{
    irqflags_t flags;

    if (sig != SIGSTOP && pgrp_is_orphaned(process_pgid(p)))
        return;
    flags = spin_lock(&p->sig.lock);
    if (p->sig.stop_taken && !p->sig.exiting && !p->sig.stopped) {
        p->sig.stop_signal = sig;
        p->sig.stop_left = p->sig.takers;
        WRITE_ONCE(p->sig.stops, p->sig.stops + 1);
        WRITE_ONCE(p->sig.stopped, true);
        p->sig.news = 0;
        sig_interrupt_all(p);
    }
    p->sig.stop_taken = false;
    spin_unlock(&p->sig.lock, flags);
}

static void do_default(struct process *p, const struct taken *taken)
{
    sigset_mask bit = sig_bit(taken->sig);
    bool immune = p->sig.unkillable && !(bit & SIG_NEVER_BLOCKED); /* those come from above */

    if (!taken->forced && ((bit & SIG_DEFAULT_IGNORED) || immune))
        return;
    if (!taken->forced && (bit & SIG_DEFAULT_STOPS))
        stop_process(p, taken->sig);
    else
        sig_upcalls.exit(taken->sig);
}

/* --- handlers --- */

/* Copies what there is of a frame to the program's stack. */
static int copy_frame(vaddr_t address, const u8 *frame, size_t contents)
{
    int err = copyout(address, frame, contents);

    if (!err && contents < ARCH_SIGFRAME_SIZE)
        err = copyout_zero(address + contents, ARCH_SIGFRAME_SIZE - contents);
    return err;
}

/* Builds the frame on the kernel's stack and copies it to the program's. 0 or -EFAULT. */
static int push_frame(struct trap_frame *tf, struct thread *t, const struct taken *taken)
{
    u8 frame[ARCH_SIGFRAME_SIZE] __aligned(16);
    struct sig_altstack *alt = &t->sig.altstack;
    bool on_it = sig_on_altstack(tf_sp(tf));
    bool switches = (taken->action.flags & SA_ONSTACK) && alt->size && !on_it;
    struct signal_setup setup = {
        .signo = taken->sig,
        .handler = taken->action.handler,
        .restorer = uvm_layout(t->uvm)->vdso + arch_vdso_sigreturn(),
        .mask = t->sig.restore ? t->sig.saved : t->sig.blocked,
        .info = &taken->info,
        .stack = switches ? alt->base + alt->size : 0,
        .alt_base = alt->base,
        .alt_size = alt->size,
        .alt_flags = sig_altstack_flags(tf_sp(tf)),
    };
    vaddr_t address = arch_signal_build(tf, &t->context, &setup, frame);

    /* What is below the alternate stack is none of the handler's. */
    if (on_it && !sig_on_altstack(address))
        return -EFAULT;
    if (copy_frame(address, frame, arch_signal_contents(&t->context)))
        return -EFAULT;
    if (alt->flags & SS_AUTODISARM)
        *alt = (struct sig_altstack){.size = 0};
    arch_signal_enter(tf, &setup, address);
    return 0;
}

/* While the handler runs, its own signal and those of its mask wait. */
static void block_for_handler(struct thread *t, const struct taken *taken)
{
    irqflags_t flags = spin_lock(&t->process->sig.lock);

    t->sig.restore = false;
    t->sig.blocked |= taken->action.mask;
    if (!(taken->action.flags & SA_NODEFER))
        t->sig.blocked |= sig_bit(taken->sig);
    sig_pass_on(t);
    sig_recalculate(t);
    spin_unlock(&t->process->sig.lock, flags);
}

/*
 * False: there is no stack for it, which is a fault of its own, and that may have a handler on the
 * alternate one. Who cannot be told of it like this dies.
 */
static bool run_handler(struct trap_frame *tf, struct thread *t, const struct taken *taken)
{
    settle_syscall(tf, &taken->action);
    if (!push_frame(tf, t, taken)) {
        block_for_handler(t, taken);
        return true;
    }
    if (taken->sig != SIGSEGV && sig_has_handler(SIGSEGV)) {
        sig_force(SIGSEGV, SI_KERNEL, 0);
        return false;
    }
    log_info("%s (pid %d): killed: no stack for the handler of signal %d at sp 0x%lx", t->name,
             process_pid(t->process), taken->sig, tf_sp(tf));
    sig_upcalls.exit(SIGSEGV);
    return true;
}

/*
 * Whether there was nothing. A stop, or an end, that has come since the look is seen to at once: the bit of work that goes
 * with it may not be there yet (sig_interrupt_all), and without it the interrupted call's code would get to user mode.
 */
static bool is_done(const struct process *p, const struct thread *t, const struct taken *taken)
{
    return !taken->sig && !sig_must_leave(p, t) && !READ_ONCE(p->sig.stopped);
}

void sig_deliver(struct trap_frame *tf)
{
    struct thread *t = current_thread();
    struct process *p = t->process;
    struct taken taken;

    do {
        if (sig_must_leave(p, t))
            sig_upcalls.exit_thread();
        if (READ_ONCE(p->sig.stopped) || READ_ONCE(p->sig.news))
            stay_stopped(p, t);
        take(p, t, &taken);
        if (taken.sig && sig_action_is_handler(&taken.action)) {
            if (run_handler(tf, t, &taken))
                return;
        } else if (taken.sig && taken.action.handler == SIG_DFL) {
            do_default(p, &taken);
        }
    } while (!is_done(p, t, &taken));
    settle_syscall(tf, NULL);
    sig_end_temporary_mask();
}

static int pop_frame(struct trap_frame *tf, struct thread *t, struct signal_setup *out)
{
    u8 frame[ARCH_SIGFRAME_SIZE] __aligned(16);
    size_t context = arch_signal_contents(&t->context) - ARCH_SIGFRAME_CONTEXT;

    if (!is_aligned(tf_sp(tf), 16) ||
        copyin(frame + ARCH_SIGFRAME_CONTEXT, tf_sp(tf) + ARCH_SIGFRAME_CONTEXT, context))
        return -EFAULT;
    arch_signal_restore(tf, &t->context, frame, out);
    return 0;
}

long sig_return(struct trap_frame *tf)
{
    struct thread *t = current_thread();
    struct signal_setup setup;
    struct sig_altstack alt;

    if (pop_frame(tf, t, &setup)) {
        sig_force(SIGSEGV, SI_KERNEL, 0);
        return -EFAULT;
    }
    tf_clear_syscall(tf);
    sig_set_mask(SIG_SETMASK, &setup.mask, NULL);
    alt.base = setup.alt_base;
    alt.size = setup.alt_flags & SS_DISABLE ? 0 : setup.alt_size;
    alt.flags = setup.alt_flags & SS_AUTODISARM;
    sig_set_altstack(&alt, NULL, tf_sp(tf)); /* as on Linux, a bad one is not taken */
    return tf_result(tf);
}
