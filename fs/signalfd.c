/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signalfd: reading takes signals of a set that are pending for whoever reads, thread or process. So a
 * file that is inherited shows the child's signals to the child.
 *
 * The queue to wait on is the process's, and a poll call waits there no longer than the process lives. An epoll
 * may: the file then keeps each process that it was watched by (the struct, not the process) until it is closed.
 * No locks: that list only grows, by an atomic exchange.
 */
#include <fs/signalfd.h>

#include <abi/linux/event_files.h>
#include <abi/linux/poll.h>
#include <base/atomic.h>
#include <fs/anon.h>
#include <fs/poll.h>
#include <kernel/process.h>
#include <kernel/signal.h>
#include <lib/errno.h>
#include <mm/slab.h>

struct kept_process {
    struct kept_process *next;
    struct process *process; /* referenced */
};

struct signalfd {
    sigset_mask set;
    struct kept_process *kept;
};

/* --- what is read ---------------------------------------------------------------------------- */

/* Signals that one sends, or that a child's change does: all but those of the machine and of timers. */
static void fill_sender(struct linux_signalfd_siginfo *out, const struct linux_siginfo *info)
{
    out->ssi_pid = (u32)info->kill.pid;
    out->ssi_uid = info->kill.uid;
    if (info->si_code < 0) {
        out->ssi_ptr = info->kill.value;
        out->ssi_int = (s32)info->kill.value;
    } else if (info->si_signo == SIGCHLD) {
        out->ssi_status = info->chld.status;
        out->ssi_utime = (u64)info->chld.utime;
        out->ssi_stime = (u64)info->chld.stime;
    }
}

static bool is_fault(const struct linux_siginfo *info)
{
    const sigset_mask faults =
        sig_bit(SIGILL) | sig_bit(SIGTRAP) | sig_bit(SIGBUS) | sig_bit(SIGFPE) | sig_bit(SIGSEGV);

    return info->si_code > 0 && info->si_code < SI_KERNEL && (sig_bit(info->si_signo) & faults);
}

static void fill(struct linux_signalfd_siginfo *out, const struct linux_siginfo *info)
{
    *out = (struct linux_signalfd_siginfo){
        .ssi_signo = (u32)info->si_signo, .ssi_errno = info->si_errno, .ssi_code = info->si_code};
    if (info->si_code == SI_TIMER) {
        out->ssi_tid = (u32)info->timer.timerid;
        out->ssi_overrun = (u32)info->timer.overrun;
        out->ssi_ptr = info->timer.value;
        out->ssi_int = (s32)info->timer.value;
    } else if (is_fault(info)) {
        out->ssi_addr = info->fault.addr;
    } else {
        fill_sender(out, info);
    }
}

/* Waits for the first signal unless `file` says not to. A signal number, -EAGAIN, -ERESTARTSYS. */
static int take_first(struct file *file, sigset_mask set, struct linux_siginfo *info)
{
    struct process *p = current_process();
    int sig = sig_take_now(set, info);
    int err = 0;

    if (!sig && (file->flags & O_NONBLOCK))
        return -EAGAIN;
    if (!sig)
        err = wait_event_interruptible(sig_watch(p), (sig = sig_take_now(set, info)));
    return err ? -ERESTARTSYS : sig;
}

static ssize_t signalfd_read(struct file *file, struct iobuf *to, u64 *pos)
{
    struct signalfd *s = file->private;
    struct linux_signalfd_siginfo out;
    struct linux_siginfo info;
    ssize_t done = 0;
    int sig;

    (void)pos;
    if (to->left < sizeof(out))
        return -EINVAL;
    sig = take_first(file, READ_ONCE(s->set), &info);
    while (sig > 0) {
        fill(&out, &info);
        sig = iobuf_write(to, &out, sizeof(out));
        if (sig)
            break;
        done += (ssize_t)sizeof(out);
        if (to->left >= sizeof(out))
            sig = sig_take_now(READ_ONCE(s->set), &info);
    }
    return done ? done : sig;
}

/* --- being waited for ------------------------------------------------------------------------ */

/* The process's queue is going to be watched for as long as the file is open. false: no memory. */
static bool keep(struct signalfd *s, struct process *p)
{
    struct kept_process *kept = atomic_load_acquire(&s->kept);

    for (; kept; kept = kept->next) {
        if (kept->process == p)
            return true;
    }
    kept = kmalloc(sizeof(*kept));
    if (!kept)
        return false;
    process_get(p);
    kept->process = p;
    kept->next = READ_ONCE(s->kept);
    while (!atomic_cas(&s->kept, &kept->next, kept))
        ;
    return true;
}

static u32 signalfd_poll(struct file *file, struct poll_table *table)
{
    struct signalfd *s = file->private;

    if (table && table->lasting && !keep(s, current_process()))
        return POLLNVAL;
    poll_on(table, sig_watch(current_process()));
    return sig_all_pending() & READ_ONCE(s->set) ? POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct file *file)
{
    struct signalfd *s = file->private;

    while (s->kept) {
        struct kept_process *kept = s->kept;

        s->kept = kept->next;
        process_put(kept->process);
        kfree(kept);
    }
    kfree(s);
}

static const struct file_ops signalfd_ops = {
    .stream = true, .read = signalfd_read, .poll = signalfd_poll, .release = signalfd_release};
static struct anon_kind signalfd_kind = ANON_KIND_INIT(signalfd_kind, "[signalfd]", &signalfd_ops);

int signalfd_create(sigset_mask set, unsigned flags)
{
    struct signalfd *s;
    int fd;

    if (flags & ~(unsigned)(SFD_CLOEXEC | SFD_NONBLOCK))
        return -EINVAL;
    s = kzalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->set = set & ~SIG_NEVER_BLOCKED;
    fd = anon_install(&signalfd_kind, s, O_RDWR | flags);
    if (fd < 0)
        kfree(s);
    return fd;
}

int signalfd_change(struct file *file, sigset_mask set)
{
    struct signalfd *s = file->private;

    if (file->ops != &signalfd_ops)
        return -EINVAL;
    WRITE_ONCE(s->set, set & ~SIG_NEVER_BLOCKED);
    wake_all(sig_watch(current_process()));
    return 0;
}
