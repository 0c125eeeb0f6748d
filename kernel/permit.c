/* SPDX-License-Identifier: BSD-2-Clause */
/* What one may do to another process by who both are (see <kernel/cred.h>). Lock: process_lock, as said there. */
#include <abi/linux/signal.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <lib/errno.h>

/* kill(2): the real or effective user is the real or saved one of who gets the signal. */
static bool may_signal(const struct cred *mine, const struct cred *theirs)
{
    const struct cred_ids *from = &mine->user, *to = &theirs->user;

    return from->effective == to->saved || from->effective == to->real || from->real == to->saved ||
           from->real == to->real;
}

static bool same_session(const struct process *p)
{
    const struct process *self = current_process();

    return p->pgrp && self->pgrp && p->pgrp->session == self->pgrp->session;
}

int permit_signal(struct process *p, const struct thread *t, int sig)
{
    const struct cred *mine = current_cred();

    if (p == current_process() || caps_has(mine->caps.effective, CAP_KILL) ||
        may_signal(mine, t ? t->real_cred : p->cred))
        return 0;
    return sig == SIGCONT && same_session(p) ? 0 : -EPERM;
}

bool permit_any_signal(void)
{
    return caps_have(CAP_KILL);
}

int permit_schedule(const struct thread *t)
{
    u32 mine = current_cred()->user.effective;
    const struct cred_ids *theirs = &t->real_cred->user;

    return mine == theirs->effective || mine == theirs->real || caps_have(CAP_SYS_NICE) ? 0
                                                                                        : -EPERM;
}

static bool is_only(const struct cred_ids *ids, u32 id)
{
    return ids->real == id && ids->effective == id && ids->saved == id;
}

static bool may_look(const struct cred *mine, const struct process *p)
{
    const struct cred *theirs = p->cred;

    return is_only(&theirs->user, mine->user.fs) && is_only(&theirs->group, mine->group.fs) &&
           !p->undumpable && !(theirs->caps.permitted & ~mine->caps.permitted);
}

int permit_look(struct process *p)
{
    if (p == current_process() || caps_have(CAP_SYS_PTRACE))
        return 0;
    irqflags_t flags = spin_lock(&process_lock);
    bool may = may_look(current_cred(), p);
    spin_unlock(&process_lock, flags);
    return may ? 0 : -EPERM;
}
