/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals and job control: which session a terminal controls, which process group is in its
 * foreground, and what happens to the others.
 *
 * The bond between session and terminal is written under process_lock and tty->lock both, so either
 * suffices to read it. Signals are sent with neither held.
 */
#include <fs/tty_job.h>

#include <abi/linux/signal.h>
#include <kernel/caps.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <lib/errno.h>
#include <mm/usercopy.h>

/* The session's terminal, unless another session has taken it; process_lock held. */
static struct tty *tty_of_session(const struct session *session)
{
    struct tty *tty = session ? session->tty : NULL;

    return tty && READ_ONCE(tty->session) == session->node.id ? tty : NULL;
}

struct tty *tty_current(void)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct tty *tty = tty_of_session(current_session());

    spin_unlock(&process_lock, flags);
    return tty;
}

u32 tty_dev_of(struct process *process, int *foreground)
{
    u32 dev = 0;
    irqflags_t flags = spin_lock(&process_lock);
    struct tty *tty = process->pgrp ? tty_of_session(process->pgrp->session) : NULL;

    *foreground = -1;
    if (tty) {
        dev = tty->cdev.dev;
        *foreground = READ_ONCE(tty->foreground);
    }
    spin_unlock(&process_lock, flags);
    return dev;
}

/* --- foreground and background --------------------------------------------------------------- */

/* The current process's group if it is in the background of its own terminal `tty`, else 0. */
static int background_group(struct tty *tty)
{
    int group = process_pgid(current_process());
    int foreground = READ_ONCE(tty->foreground);

    if (group == foreground || !foreground)
        return 0;
    return tty_current() == tty ? group : 0;
}

/* Stops a background group; -ERESTARTSYS, or -EIO when nobody could ever continue it. */
static int stop_group(int group, int sig)
{
    if (pgrp_is_orphaned(group))
        return -EIO;
    sig_kill_pgrp(group, sig, NULL);
    return -ERESTARTSYS;
}

int tty_check_read(struct tty *tty)
{
    int group = background_group(tty);

    if (!group)
        return 0;
    return sig_is_ignored(SIGTTIN) ? -EIO : stop_group(group, SIGTTIN);
}

int tty_check_change(struct tty *tty)
{
    int group = background_group(tty);

    return group && !sig_is_ignored(SIGTTOU) ? stop_group(group, SIGTTOU) : 0;
}

int tty_check_write(struct tty *tty)
{
    return tty->ldisc.termios.c_lflag & TOSTOP ? tty_check_change(tty) : 0;
}

/* --- the controlling terminal ---------------------------------------------------------------- */

/* Binds terminal and session; both locks held. */
static void bind(struct tty *tty, struct session *session, int group)
{
    session->tty = tty;
    tty->session = session->node.id;
    tty->foreground = group;
}

/* Cuts the bond; process_lock held. Returns the foreground group that was, or 0. */
static int unbind(struct session *session)
{
    struct tty *tty = session->tty;
    int group = 0;

    if (!tty)
        return 0;
    session->tty = NULL;
    spin_lock_nested(&tty->lock);
    if (tty->session == session->node.id) {
        group = tty->foreground;
        tty->session = 0;
        tty->foreground = 0;
    }
    spin_unlock_nested(&tty->lock);
    return group;
}

/* Tells the foreground group that its terminal is gone. */
static void hang_up(int group)
{
    if (!group)
        return;
    sig_kill_pgrp(group, SIGHUP, NULL);
    sig_kill_pgrp(group, SIGCONT, NULL);
}

/* Makes `tty` the terminal of the current process's session. `steal` takes it from another one. */
static int acquire(struct tty *tty, bool steal)
{
    int group = process_pgid(current_process());

    if (!process_is_session_leader())
        return -EPERM;
    irqflags_t flags = spin_lock(&process_lock);
    struct session *session = current_session();
    struct tty *own = tty_of_session(session);
    int err = own && own != tty ? -EPERM : 0;

    spin_lock_nested(&tty->lock);
    if (!err && tty->session && tty->session != session->node.id && !steal)
        err = -EPERM;
    if (!err && tty->session != session->node.id)
        bind(tty, session, group);
    spin_unlock_nested(&tty->lock);
    spin_unlock(&process_lock, flags);
    return err;
}

void tty_adopt(struct tty *tty)
{
    acquire(tty, false);
}

/* TIOCNOTTY: the leader gives the session's terminal up. Others have none of their own to give. */
static int give_up(struct tty *tty)
{
    int group = 0;

    if (tty_current() != tty)
        return -ENOTTY;
    if (process_is_session_leader()) {
        irqflags_t flags = spin_lock(&process_lock);
        group = unbind(current_session());
        spin_unlock(&process_lock, flags);
    }
    hang_up(group);
    return 0;
}

static void exit_tty(struct process *p)
{
    int group = 0;
    irqflags_t flags = spin_lock(&process_lock);
    struct session *session = p->pgrp ? p->pgrp->session : NULL;

    if (session && session->leader == p)
        group = unbind(session);
    spin_unlock(&process_lock, flags);
    hang_up(group);
}

const struct proc_part tty_part = {.name = "tty", .exit = exit_tty};

/* --- ioctls ---------------------------------------------------------------------------------- */

static int give_id(vaddr_t arg, int id)
{
    s32 word = pid_seen(id);

    return copyout_obj(arg, &word);
}

/* The session may have lost the terminal since that was looked at. */
static int bring_forward(struct tty *tty, int session, int group)
{
    irqflags_t flags = spin_lock(&process_lock);
    bool ours = tty_of_session(current_session()) == tty && tty->session == session;

    spin_lock_nested(&tty->lock);
    if (ours)
        tty->foreground = group;
    spin_unlock_nested(&tty->lock);
    spin_unlock(&process_lock, flags);
    return ours ? 0 : -ENOTTY;
}

static int set_foreground(struct tty *tty, vaddr_t arg)
{
    s32 group;
    int err = tty_current() == tty ? copyin_obj(&group, arg) : -ENOTTY;

    if (!err)
        err = tty_check_change(tty);
    if (err)
        return err;
    if (group < 0)
        return -EINVAL;
    int id = pid_of_seen(group);
    int session = pgrp_session_id(id);
    if (!session)
        return -ESRCH;
    if (session != process_sid(current_process()))
        return -EPERM;
    return bring_forward(tty, session, id);
}

long tty_job_ioctl(struct tty *tty, struct file *file, unsigned cmd, vaddr_t arg)
{
    (void)file;
    switch (cmd) {
    case TIOCSCTTY:
        return acquire(tty, arg == 1 && caps_have(CAP_SYS_ADMIN));
    case TIOCNOTTY:
        return give_up(tty);
    case TIOCGPGRP:
        return tty_current() == tty ? give_id(arg, READ_ONCE(tty->foreground)) : -ENOTTY;
    case TIOCSPGRP:
        return set_foreground(tty, arg);
    case TIOCGSID:
        return tty_current() == tty ? give_id(arg, READ_ONCE(tty->session)) : -ENOTTY;
    default:
        return -ENOTTY;
    }
}
