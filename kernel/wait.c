/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for children, and telling parents. A child's change of state is kept in the child
 * (a zombie's status, job_event) until the parent has looked; SIGCHLD only says that it should.
 * Lock: process_lock.
 */
#include <abi/linux/wait.h>
#include <base/wait.h>
#include <kernel/cred.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <lib/errno.h>

/* --- telling --- */

/* The end of a child: code and value as waitid shows them. */
static int exit_code(int status, int *value)
{
    if (status & 0x7f) {
        *value = status & 0x7f;
        return status & W_COREFLAG ? CLD_DUMPED : CLD_KILLED;
    }
    *value = status >> 8 & 0xff;
    return CLD_EXITED;
}

static u64 clock_ticks(u64 ns)
{
    return ns / (NSEC_PER_SEC / 100);
}

/* The end of p (code 0) is told by the signal that p was made with, all else by SIGCHLD. */
static void send_sigchld(struct process *parent, struct process *p, int code)
{
    struct linux_siginfo info;
    int value = code == CLD_STOPPED ? p->sig.stop_signal : SIGCONT;
    int sig = code ? SIGCHLD : p->exit_signal;

    if (!code)
        code = exit_code(p->exit_status, &value);
    sig_info_init(&info, sig, code);
    info.chld.pid = pid_number(parent->pid_ns, process_pid(p));
    info.chld.uid = p->cred->user.real;
    info.chld.status = value;
    info.chld.utime = (s64)clock_ticks(p->dead.user_ns);
    info.chld.stime = (s64)clock_ticks(p->dead.system_ns);
    sig_send_process(parent, sig, &info);
}

static void tell_of_end(struct process *parent, struct process *p)
{
    bool reap = p->exit_signal == SIGCHLD && sig_reaps_children(parent);

    if (p->exit_signal)
        send_sigchld(parent, p, 0);
    if (reap)
        process_reap(p);
    wake_all(&parent->child_wait);
}

void process_tell_parent(struct process *p, int code)
{
    struct process *parent = p->parent;

    if (!parent)
        return;
    if (!code) {
        tell_of_end(parent, p);
        return;
    }
    p->job_event = code;
    if (sig_wants_stops(parent))
        send_sigchld(parent, p, code);
    wake_all(&parent->child_wait);
}

/* --- waiting --- */

void process_reap(struct process *p)
{
    struct process *parent = p->parent;

    usage_add(&parent->children_usage, &p->dead);
    usage_add(&parent->children_usage, &p->children_usage);
    list_remove(&p->sibling);
    pgrp_leave(p);
    process_unlink(p);
    process_put(p);
}

static bool is_meant(const struct process *p, const struct wait_request *request)
{
    bool clone = p->exit_signal != SIGCHLD;

    if (request->who == WAIT_PID && process_pid(p) != request->id)
        return false;
    if (request->who == WAIT_PGRP && p->pgrp->node.id != request->id)
        return false;
    return (request->options & __WALL) || clone == !!((u32)request->options & __WCLONE);
}

static void fill(struct wait_result *out, struct process *p, int code, int value, int status)
{
    out->pid = pid_number(current_pid_ns(), process_pid(p));
    out->uid = p->cred->user.real;
    out->code = code;
    out->value = value;
    out->status = status;
    process_usage_locked(p, &out->usage);
    usage_add(&out->usage, &p->children_usage);
}

/* The child's change that the caller wants to know of, if there is one: true, and *out is filled. */
static bool look_at(struct process *p, int options, struct wait_result *out)
{
    int code, value;

    if (p->state == PROCESS_ZOMBIE) {
        if (!(options & WEXITED))
            return false;
        code = exit_code(p->exit_status, &value);
        fill(out, p, code, value, p->exit_status);
        if (!(options & WNOWAIT))
            process_reap(p);
        return true;
    }
    if (p->job_event == CLD_STOPPED && (options & WSTOPPED))
        fill(out, p, CLD_STOPPED, p->sig.stop_signal, W_STOPCODE(p->sig.stop_signal));
    else if (p->job_event == CLD_CONTINUED && (options & WCONTINUED))
        fill(out, p, CLD_CONTINUED, SIGCONT, W_CONTINUED);
    else
        return false;
    if (!(options & WNOWAIT))
        p->job_event = 0;
    return true;
}

/* One look at all children: a pid, 0 (nothing new), or -ECHILD. */
static int look(const struct wait_request *request, struct wait_result *out)
{
    struct process *p;
    irqflags_t flags = spin_lock(&process_lock);
    int found = -ECHILD;

    list_for_each_entry (p, &current_process()->children, sibling) {
        if (!is_meant(p, request))
            continue;
        found = 0;
        if (look_at(p, request->options, out)) {
            found = out->pid;
            break;
        }
    }
    spin_unlock(&process_lock, flags);
    return found;
}

int process_wait(const struct wait_request *request, struct wait_result *out)
{
    int found, err;

    if (!(request->options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    if (request->options & WNOHANG)
        return look(request, out);
    err = wait_event_interruptible(&current_process()->child_wait, (found = look(request, out)));
    return err ? -ERESTARTSYS : found;
}
