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
struct trap_frame;

/* A handler as a process has set it. */
struct sig_action {
    vaddr_t handler; /* SIG_DFL, SIG_IGN or an address */
    u64 flags;       /* SA_* */
    sigset_mask mask;
};

/* What a process knows about signals. */
struct sig_process {
    struct spinlock lock;
    struct sig_pending pending;  /* sent to the process: any thread may take them */
    sigset_mask custom;          /* actions that are not the default; only those are filled in */
    sigset_mask ignored;         /* actions that are SIG_IGN, or default and do nothing */
    u32 queued;                  /* entries in the queues, bounded by RLIMIT_SIGPENDING */
    bool stopped;                /* job control: threads wait in the kernel */
    bool continued;              /* has gone on since the parent last looked */
    bool stop_reported;          /* the parent has seen that it stopped */
    bool exiting;                /* the process ends: nothing is delivered any more */
    int stop_signal;             /* that stopped it */
    int exit_status;             /* of the group's exit, valid once exiting */
    struct wait_queue cont_wait; /* stopped threads */
    struct sig_action action[NSIG];
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
 * The kill family with its rules on who is meant; `info` NULL fills in the sender. sig 0 only looks.
 * 0, -ESRCH, -EINVAL, -EAGAIN.
 */
int sig_kill(int pid, int sig, const struct linux_siginfo *info);       /* pid >0, 0, -1, < -1 */
int sig_kill_pgrp(int pgid, int sig, const struct linux_siginfo *info); /* the tty's ^C */
int sig_kill_thread(int tgid, int tid, int sig,
                    const struct linux_siginfo *info); /* tgid -1: any */

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

/* True when the current thread is to die: loops that may not be left half-way still look at this. */
bool sig_fatal_pending(void);

/* --- the system calls' halves; current thread or process; errors as in Linux --- */

int sig_set_action(int sig, const struct sig_action *new, struct sig_action *old);
int sig_set_mask(int how, const sigset_mask *set, sigset_mask *old);
sigset_mask sig_pending_set(void);
int sig_suspend(sigset_mask mask); /* -ERESTARTNOHAND always */
int sig_timed_wait(sigset_mask set, struct linux_siginfo *info,
                   u64 deadline_ns); /* signal or error */
int sig_set_altstack(const struct sig_altstack *new, struct sig_altstack *old, vaddr_t sp);
bool sig_on_altstack(vaddr_t sp);

/* A mask for the time of one system call (ppoll, pselect): back when it ends, handlers later. */
void sig_set_temporary_mask(sigset_mask mask);
/* Ends that: call it when the call was not interrupted; otherwise delivery does it. */
void sig_end_temporary_mask(void);

/* The tty: whether the current process ignores or blocks `sig` (SIGTTIN, SIGTTOU). */
bool sig_is_ignored(int sig);

/* --- the life of a process (fork.c, exit.c, exec) --- */

void sig_init_process(struct process *p);                     /* pid 1 */
void sig_fork(struct process *parent, struct process *child); /* actions; none pending */
void sig_init_thread(struct thread *t, sigset_mask blocked);
void sig_exec(struct process *p); /* handlers become default */
void sig_flush_process(struct process *p);
void sig_flush_thread(struct thread *t);

/* --- return to user mode --- */

/*
 * Acts on what is pending: builds a handler's frame, stops, or ends the process (then it does not
 * return). Settles how an interrupted system call goes on. Interrupts on.
 */
void sig_deliver(struct trap_frame *tf);

/* rt_sigreturn: takes the registers and mask from the frame on the user's stack; the new result. */
long sig_return(struct trap_frame *tf);

/* How a process ends on a signal; registered by exit.c, which is above this file. */
extern __noreturn void (*sig_exit_hook)(int wait_status);
/* Tells the parent of a stop or a continue; registered by wait.c. */
extern void (*sig_job_hook)(struct process *p, int code);
