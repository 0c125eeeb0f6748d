/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: who is meant by a pid, a group or everybody. Lock: process_lock around sig.lock. */
#include <base/atomic.h>
#include <kernel/cred.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/signal.h>
#include <lib/errno.h>

u32 sig_group_sends;

/* With release, behind the signals: who reads the new number also sees that he has one. */
void sig_note_group_send(void)
{
    atomic_store_release(&sig_group_sends, sig_group_sends + 1);
}

void sig_info_from_caller(struct linux_siginfo *info, int sig, int code)
{
    sig_info_init(info, sig, code);
    info->kill.pid = current_pid();
    info->kill.uid = current_cred()->user.real;
}

const struct linux_siginfo *sig_info_seen(const struct linux_siginfo *info, const struct process *p,
                                          struct linux_siginfo *copy)
{
    if (!info || likely(p->pid_ns == current_pid_ns()) || info->si_code > 0)
        return info;
    *copy = *info;
    copy->kill.pid = 0;
    return copy;
}

static int send_or_look(struct process *p, int sig, const struct linux_siginfo *info)
{
    struct linux_siginfo copy;

    return sig ? sig_send_process(p, sig, sig_info_seen(info, p, &copy)) : 0;
}

/* Whether the caller may; who may anything is not held up by the lock. */
static int permit(struct process *p, int sig)
{
    if (permit_any_signal())
        return 0;
    irqflags_t flags = spin_lock(&process_lock);
    int err = permit_signal(p, NULL, sig);
    spin_unlock(&process_lock, flags);
    return err;
}

int sig_kill_process(struct process *p, int sig, const struct linux_siginfo *info)
{
    int err = permit(p, sig);

    return err ? err : send_or_look(p, sig, info);
}

static int kill_one(int pid, int sig, const struct linux_siginfo *info)
{
    struct process *p = process_find(pid);
    int err;

    if (!p)
        return -ESRCH;
    err = sig_kill_process(p, sig, info);
    process_put(p);
    return err;
}

/*
 * Everybody that the caller sees, but pid 1 and itself; whom he may not send it to is left out in
 * silence.
 */
static int kill_all(int sig, const struct linux_siginfo *info)
{
    struct process *p;
    int err = -ESRCH;
    irqflags_t flags = spin_lock(&process_lock);

    sig_note_group_send(); /* whoever forks from here on has a child that is found below */
    spin_unlock(&process_lock, flags);
    for (int pid = 1; (p = process_next_in(current_pid_ns(), &pid)); process_put(p)) {
        if (p == current_process())
            continue;
        if (!permit(p, sig))
            err = send_or_look(p, sig, info);
        else if (err == -ESRCH)
            err = 0;
    }
    return err;
}

/* The kernel (no info) may always. Under process_lock. */
static int send_to_member(struct process *p, int sig, const struct linux_siginfo *info)
{
    int err = info ? permit_signal(p, NULL, sig) : 0;

    return err ? err : send_or_look(p, sig, info);
}

/* One member that can be sent it is enough. */
int sig_kill_pgrp(int pgid, int sig, const struct linux_siginfo *info)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct pgrp *group = pgrp_find(pgid);
    struct process *p;
    int err = -ESRCH;
    bool sent = false;

    if (group) {
        list_for_each_entry (p, &group->members, pgrp_link) {
            err = send_to_member(p, sig, info);
            sent |= !err;
        }
    }
    sig_note_group_send();
    spin_unlock(&process_lock, flags);
    return sent ? 0 : err;
}

int sig_kill(int pid, int sig, const struct linux_siginfo *info)
{
    struct linux_siginfo from_caller;

    if (sig < 0 || sig > NSIG)
        return -EINVAL;
    if (!info) {
        sig_info_from_caller(&from_caller, sig, SI_USER);
        info = &from_caller;
    }
    if (pid > 0)
        return kill_one(pid, sig, info);
    if (pid == -1)
        return kill_all(sig, info);
    if (pid == 0)
        return sig_kill_pgrp(process_pgid(current_process()), sig, info);
    return pid == -pid ? -ESRCH /* the least int has no opposite */
                       : sig_kill_pgrp(pid_of_seen(-pid), sig, info);
}

static int send_to_thread(struct thread *t, int sig, const struct linux_siginfo *info)
{
    struct linux_siginfo copy;

    return sig ? sig_send_thread(t, sig, sig_info_seen(info, t->process, &copy)) : 0;
}

/* A first thread that has ended keeps its tid until the process is reaped: no error, as on Linux. */
static int send_to_the_dead(int tid)
{
    struct process *p = process_find(tid);

    if (!p)
        return -ESRCH;
    process_put(p);
    return 0;
}

int sig_kill_thread(int tgid, int tid, int sig, const struct linux_siginfo *info)
{
    struct linux_siginfo from_caller;
    struct thread *t;
    irqflags_t flags;
    int err = -ESRCH;

    if (sig < 0 || sig > NSIG || tid <= 0 || tgid == 0 || tgid < -1)
        return -EINVAL;
    if (!info) {
        sig_info_from_caller(&from_caller, sig, SI_TKILL);
        info = &from_caller;
    }
    flags = spin_lock(&process_lock);
    t = process_find_thread(tid);
    if (t && (tgid < 0 || pid_number(current_pid_ns(), process_pid(t->process)) == tgid))
        err = permit_signal(t->process, t, sig);
    if (!err)
        err = send_to_thread(t, sig, info);
    spin_unlock(&process_lock, flags);
    if (!t && (tgid < 0 || tgid == tid))
        err = send_to_the_dead(tid);
    return err;
}
