/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: who is meant by a pid, a group or everybody. Lock: process_lock around sig.lock. */
#include <base/atomic.h>
#include <kernel/process.h>
#include <kernel/signal.h>
#include <lib/errno.h>

u32 sig_group_sends;

/* With release, behind the signals: who reads the new number also sees that he has one. */
void sig_note_group_send(void)
{
    atomic_store_release(&sig_group_sends, sig_group_sends + 1);
}

static void info_from_caller(struct linux_siginfo *info, int sig, int code)
{
    sig_info_init(info, sig, code);
    info->kill.pid = process_pid(current_process());
}

static int send_or_look(struct process *p, int sig, const struct linux_siginfo *info)
{
    return sig ? sig_send_process(p, sig, info) : 0;
}

static int kill_one(int pid, int sig, const struct linux_siginfo *info)
{
    struct process *p = process_find(pid);
    int err;

    if (!p)
        return -ESRCH;
    err = send_or_look(p, sig, info);
    process_put(p);
    return err;
}

/* Everybody but pid 1 and the caller. */
static int kill_all(int sig, const struct linux_siginfo *info)
{
    struct process *p;
    int err = -ESRCH;
    irqflags_t flags = spin_lock(&process_lock);

    sig_note_group_send(); /* whoever forks from here on has a child that is found below */
    spin_unlock(&process_lock, flags);
    for (int pid = 1; (p = process_next(pid)); process_put(p)) {
        pid = process_pid(p);
        if (p != current_process())
            err = send_or_look(p, sig, info);
    }
    return err;
}

int sig_kill_pgrp(int pgid, int sig, const struct linux_siginfo *info)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct pgrp *group = pgrp_find(pgid);
    struct process *p;
    int err = -ESRCH;

    if (group) {
        list_for_each_entry (p, &group->members, pgrp_link)
            err = send_or_look(p, sig, info);
    }
    sig_note_group_send();
    spin_unlock(&process_lock, flags);
    return err;
}

int sig_kill(int pid, int sig, const struct linux_siginfo *info)
{
    struct linux_siginfo from_caller;

    if (sig < 0 || sig > NSIG)
        return -EINVAL;
    if (!info) {
        info_from_caller(&from_caller, sig, SI_USER);
        info = &from_caller;
    }
    if (pid > 0)
        return kill_one(pid, sig, info);
    if (pid == -1)
        return kill_all(sig, info);
    if (pid == 0)
        pid = -process_pgid(current_process());
    return pid == -pid ? -ESRCH
                       : sig_kill_pgrp(-pid, sig, info); /* the least int has no opposite */
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
        info_from_caller(&from_caller, sig, SI_TKILL);
        info = &from_caller;
    }
    flags = spin_lock(&process_lock);
    t = process_find_thread(tid);
    if (t && (tgid < 0 || process_pid(t->process) == tgid))
        err = sig ? sig_send_thread(t, sig, info) : 0;
    spin_unlock(&process_lock, flags);
    if (!t && (tgid < 0 || tgid == tid))
        err = send_to_the_dead(tid);
    return err;
}
