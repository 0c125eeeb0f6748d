/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: sending, masks, actions, job control and delivery at the return to user mode.
 *
 * The whole state of a process's signals (its own, and that of its threads) is under
 * process->sig.lock; THREAD_WORK_SIGNAL in thread->work says that a thread has something to look
 * at, so that nothing is searched on the way back to user mode when there is nothing. Numbers and
 * flags are those of <abi/linux/signal.h>.
 */
#pragma once

#include <abi/linux/signal.h>
#include <base/spinlock.h>
#include <base/wait.h>
#include <kernel/sigset.h>
#include <kernel/thread.h>
#include <lib/types.h>

struct process;
struct sig_queued;
struct trap_frame;

/* A handler as a process has set it. */
struct sig_action {
    vaddr_t handler; /* SIG_DFL, SIG_IGN or an address */
    u64 flags;       /* SA_* */
    sigset_mask mask;
};

/* What a process knows about signals; all of it under `lock`. */
struct sig_process {
    struct spinlock lock;
    struct sig_pending pending; /* sent to the process: any thread may take them */
    sigset_mask custom;         /* actions that were set; only those are filled in */
    sigset_mask ignored;        /* nothing happens: SIG_IGN, or the default is to do nothing */
    struct sig_action *action;  /* NSIG of them, signal n at n - 1 */
    bool stopped;               /* job control: threads wait in the kernel */
    bool stop_taken;            /* a thread is about to stop the process; SIGCONT undoes that */
    bool exiting;               /* the process ends: nothing is delivered any more */
    bool unkillable;            /* the init of a PID namespace: only what it handles reaches it */
    int stop_signal;            /* that stopped it */
    u32 stops;                  /* how often it was stopped */
    u32 stop_left;              /* threads that have not come to rest since the last stop */
    int news;                   /* CLD_STOPPED, CLD_CONTINUED: not yet told to the parent; or 0 */
    int exit_status;            /* once exiting */
    u32 takers;                 /* threads that are not leaving */
    struct thread *sole;        /* is about to exec: the others are to end; NULL: nobody is */
    bool watched;               /* somebody has asked for `watch` */
    struct wait_queue watch;    /* a signal has come: for signalfd */
};

/* --- sending --- */

/*
 * Sends to a process, a thread, each process of a group. `info` NULL: from the kernel. sig 0 is
 * for the callers to handle. 0, or -EAGAIN when a real-time signal's queue is full. Any context,
 * no signal lock held; the caller keeps the target alive.
 */
int sig_send_process(struct process *p, int sig, const struct linux_siginfo *info);
int sig_send_thread(struct thread *t, int sig, const struct linux_siginfo *info);

/*
 * The same for a signal that is part of something else (a timer): entry->info says which. To a thread of p if tid
 * is not 0 and there is one. Nothing happens if it is ignored. It must not be queued yet.
 */
void sig_send_kept(struct process *p, int tid, struct sig_queued *entry);
bool sig_is_queued(struct process *p, const struct sig_queued *entry);
/* The entry is going to be freed: if it is queued, it is delivered all the same. */
void sig_release_kept(struct process *p, struct sig_queued *entry);

/* What comes with a signal that the calling thread sends: SI_USER, SI_TKILL, SI_QUEUE. */
void sig_info_from_caller(struct linux_siginfo *info, int sig, int code);

/*
 * The kill family with its rules on who is meant (kernel/kill.c); sig 0 only looks. sig_kill and
 * sig_kill_thread: `info` NULL fills in the caller; sig_kill_pgrp: NULL is the kernel (the tty's
 * ^C, also from interrupts), who may do anything. 0, -ESRCH, -EINVAL, -EAGAIN, -EPERM.
 */
int sig_kill(int pid, int sig, const struct linux_siginfo *info); /* pid > 0, 0, -1, < -1 */
/* `pgid` is the id in the root namespace; the others' numbers are the caller's. */
int sig_kill_process(struct process *p, int sig, const struct linux_siginfo *info); /* referenced */
int sig_kill_pgrp(int pgid, int sig, const struct linux_siginfo *info);

/*
 * What p is to be told of a signal that the current process sends with `info` (may be NULL): itself, or
 * in *copy the same without the sender's pid, which means nothing in p's namespace.
 */
const struct linux_siginfo *sig_info_seen(const struct linux_siginfo *info, const struct process *p,
                                          struct linux_siginfo *copy);
int sig_kill_thread(int tgid, int tid, int sig,
                    const struct linux_siginfo *info); /* tgid -1: any */

/*
 * How often a signal was sent to several processes at once: a fork meanwhile might make one that is
 * missed. Changes under process_lock.
 */
extern u32 sig_group_sends;
void sig_note_group_send(void);

/* Clears an info and fills in signal and code. */
void sig_info_init(struct linux_siginfo *info, int sig, int code);

/*
 * A fault of the current thread: cannot be blocked nor ignored (that kills). Delivered when this
 * trap returns to user mode.
 */
void sig_force(int sig, int code, vaddr_t addr);

/* True if a handler would run for a forced signal, so that nobody need be told that it happened. */
bool sig_has_handler(int sig);

/* --- looking --- */

/* True when the thread has a signal to act on: ends interruptible sleeps. One load. */
static inline bool sig_pending(const struct thread *t)
{
    return READ_ONCE(t->work) & THREAD_WORK_SIGNAL;
}

/*
 * True when the current thread is to die: uninterruptible sleeps that may be long look at this, too.
 * Whoever decides so wakes process->child_wait.
 */
bool sig_fatal_pending(void);

/* --- the system calls' halves; current thread or process; errors as in Linux --- */

int sig_set_action(int sig, const struct sig_action *new, struct sig_action *old);
int sig_set_mask(int how, const sigset_mask *set, sigset_mask *old);
sigset_mask sig_pending_set(void);
int sig_suspend(sigset_mask mask); /* -ERESTARTNOHAND always */
int sig_timed_wait(sigset_mask set, struct linux_siginfo *info,
                   u64 deadline_ns); /* signal or error */
/* For signalfd: takes a signal of `set` that is pending for the caller now; 0: there is none. */
int sig_take_now(sigset_mask set, struct linux_siginfo *info);
/* All that is pending for the caller, blocked or not. */
sigset_mask sig_all_pending(void);
/* The queue that is woken for each signal which is queued in p from now on. */
struct wait_queue *sig_watch(struct process *p);
int sig_set_altstack(const struct sig_altstack *new, struct sig_altstack *old, vaddr_t sp);
/* Whether sp lies on the current thread's; what sigaltstack and ucontext say of it (SS_...). */
bool sig_on_altstack(vaddr_t sp);
u32 sig_altstack_flags(vaddr_t sp);

/* A mask for the time of one system call (ppoll, pselect): back when it ends, handlers later. */
void sig_set_temporary_mask(sigset_mask mask);
/* Ends that: call it when the call was not interrupted; otherwise delivery does it. */
void sig_end_temporary_mask(void);

/* The tty: whether the current process ignores or blocks `sig` (SIGTTIN, SIGTTOU). */
bool sig_is_ignored(int sig);

/* --- the life of a process (fork.c, exit.c, exec) --- */

/* Default actions, nothing pending. 0 or -ENOMEM. Likewise a copy of the parent's actions. */
int sig_init_process(struct process *p);
int sig_fork(struct process *parent, struct process *child);
/* Undoes both. */
void sig_free_process(struct process *p);
/* Drops what is pending; the process takes nothing any more. */
void sig_flush_process(struct process *p);

void sig_init_thread(struct thread *t, sigset_mask blocked);
/* The process has one more thread. false: it ends, stops or execs, and has not. Under process_lock. */
bool sig_add_thread(struct process *p, struct thread *t);
/*
 * The current thread takes no signals any more; true: it was the last one that did, and the process
 * ends with it. After it, sig_remove_thread, under process_lock.
 */
bool sig_leave(struct thread *t);
void sig_remove_thread(struct process *p, struct thread *t);

/* Handlers become default; SIG_IGN stays. */
void sig_forget_handlers(struct process *p);
/* The current process runs a new program: the same, and no alternate stack. */
void sig_exec(void);
/* Tells all other threads of the process to end. false: it ends, or another thread said so first. */
bool sig_begin_exec(struct process *p);

/* All threads of the process are to end, with that status unless that has been said before. */
void sig_begin_exit(struct process *p, int wait_status);

/* What the parent is to be told (CLD_*), once; 0: nothing new. Under process_lock. */
int sig_take_news(struct process *p);

/* What a parent wants to know of its children: are they reaped by themselves, are stops told? */
bool sig_reaps_children(struct process *parent);
bool sig_wants_stops(struct process *parent);

/* --- return to user mode --- */

/*
 * Acts on what is pending: builds a handler's frame, stops, or ends the process (then it does not
 * return). Settles how an interrupted system call goes on. Interrupts on.
 */
void sig_deliver(struct trap_frame *tf);

/* rt_sigreturn: takes the registers and mask from the frame on the user's stack; the new result. */
long sig_return(struct trap_frame *tf);

/* How process and thread end, how the parent learns of sig.news, and who waits for alarms: set by exit.c. */
struct sig_upcalls {
    void (*exit)(int wait_status); /* does not return */
    void (*exit_thread)(void);     /* likewise: somebody else has decided it */
    void (*job_change)(struct process *p);
    void (*alarm_taken)(struct process *p);
    void (*timer_taken)(struct process *p, struct linux_siginfo *info); /* fills in the overrun */
};
extern struct sig_upcalls sig_upcalls;

/* --- between the files of kernel/signal --- */

/* Whether the action is a function of the program's. */
bool sig_action_is_handler(const struct sig_action *action);
/* The action of a signal. Under sig.lock. */
struct sig_action sig_action_of(struct process *p, int sig);
/* Sets or clears the current thread's THREAD_WORK_SIGNAL by what there is to do. Under sig.lock. */
void sig_recalculate(struct thread *t);
/* `t` takes fewer signals than before: those of the process that it leaves others look at. As above. */
void sig_pass_on(struct thread *t);
/* Takes a signal of `set` that is pending for the thread or else for its process; 0: none. Under sig.lock. */
int sig_take(struct process *p, struct thread *t, sigset_mask set, struct linux_siginfo *info);
/* To be called once sig.lock is released, with what sig_take() has returned; may complete *info. */
void sig_taken(struct process *p, int sig, struct linux_siginfo *info);
/* Makes all threads look. Under sig.lock. */
void sig_interrupt_all(struct process *p);
/* Whether the thread is to end, because the process does or another one execs. Any context. */
bool sig_must_leave(const struct process *p, const struct thread *t);
/* `t` rests if its process is stopped; the last one to do so makes that news. Under sig.lock. */
void sig_come_to_rest(struct process *p, struct thread *t);
/* Signals whose default is to be ignored; to stop. */
#define SIG_DEFAULT_IGNORED \
    (sig_bit(SIGCHLD) | sig_bit(SIGCONT) | sig_bit(SIGURG) | sig_bit(SIGWINCH))
#define SIG_DEFAULT_STOPS \
    (sig_bit(SIGSTOP) | sig_bit(SIGTSTP) | sig_bit(SIGTTIN) | sig_bit(SIGTTOU))
#define SIG_NEVER_BLOCKED (sig_bit(SIGKILL) | sig_bit(SIGSTOP))
