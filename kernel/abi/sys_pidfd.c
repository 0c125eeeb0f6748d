/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes as descriptors: opening, signals, descriptors of theirs, and the end of their memory. */
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <base/wait.h>
#include <fs/fdtable.h>
#include <fs/pidfd.h>
#include <kernel/cred.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

SYSCALL2(pidfd_open, int, pid, unsigned, flags)
{
    return pidfd_open(pid, flags);
}

/* --- signals --- */

/* A program may say anything but that the kernel, or kill, has sent it: unless to itself. */
static int read_info(vaddr_t from, int sig, const struct process *to, struct linux_siginfo *info)
{
    if (copyin_obj(info, from))
        return -EFAULT;
    if (info->si_signo != sig)
        return -EINVAL;
    if ((info->si_code >= 0 || info->si_code == SI_TKILL) && to != current_process())
        return -EPERM;
    return 0;
}

static long send(struct process *p, int sig, vaddr_t from)
{
    struct linux_siginfo info;
    int err = 0;

    if (!p)
        return -EBADF;
    if (sig < 0 || sig > NSIG || !pid_ns_is_within(p->pid_ns, current_pid_ns()))
        return -EINVAL;
    if (from)
        err = read_info(from, sig, p, &info);
    if (err)
        return err;
    if (!from) {
        sig_info_from_caller(&info, sig, SI_USER);
    }
    if (READ_ONCE(p->state) == PROCESS_REAPED)
        return -ESRCH;
    return sig_kill_process(p, sig, &info);
}

SYSCALL4(pidfd_send_signal, int, fd, int, sig, vaddr_t, info, unsigned, flags)
{
    struct fd_ref ref;
    long rc;

    if (flags)
        return -EINVAL;
    ref = fd_get(fd);
    rc = ref.file ? send(pidfd_process(ref.file), sig, info) : -EBADF;
    fd_put(ref);
    return rc;
}

/* --- descriptors of another process --- */

/* It is as much as looking into the process: who may not do that, may have nothing of it either. */
static long take_file(struct process *p, int fd)
{
    struct file *file = NULL;
    int found, new;

    if (!p)
        return -EBADF;
    if (READ_ONCE(p->state) != PROCESS_ALIVE)
        return -ESRCH;
    if (permit_look(p))
        return -EPERM;
    found = fd >= 0 ? fd_next_of(p, 0, fd, &file) : -1;
    new = found >= 0 && found == fd ? fd_install(file, 0, O_CLOEXEC) : -EBADF;
    if (new < 0 && file)
        file_put(file);
    return new;
}

SYSCALL3(pidfd_getfd, int, pidfd, int, fd, unsigned, flags)
{
    struct fd_ref ref;
    long rc;

    if (flags)
        return -EINVAL;
    ref = fd_get(pidfd);
    rc = ref.file ? take_file(pidfd_process(ref.file), fd) : -EBADF;
    fd_put(ref);
    return rc;
}

/* --- the memory of one that dies --- */

/* Somebody else who runs in this space and goes on would keep the memory. */
static bool all_die(const struct uvm *uvm)
{
    bool dying = true;
    struct process *p;

    for (int pid = 0; (p = process_next(pid)); process_put(p)) {
        pid = process_pid(p);
        if (READ_ONCE(p->uvm) == uvm && !READ_ONCE(p->sig.exiting))
            dying = false;
    }
    return dying;
}

/*
 * A killed process leaves the kernel by itself, wherever it is, and its memory is free when it has
 * ended: there is nothing to take from it before, only to wait for.
 */
static long wait_for_memory(struct process *p)
{
    struct uvm *uvm = p ? process_uvm(p) : NULL;

    if (!uvm)
        return p ? -ESRCH : -EBADF;
    bool dying = all_die(uvm);
    uvm_put(uvm);
    if (!dying)
        return -EINVAL;
    return wait_event_interruptible(&p->end_wait, READ_ONCE(p->state) != PROCESS_ALIVE);
}

SYSCALL2(process_mrelease, int, pidfd, unsigned, flags)
{
    struct fd_ref ref;
    long rc;

    if (flags)
        return -EINVAL;
    ref = fd_get(pidfd);
    rc = ref.file ? wait_for_memory(pidfd_process(ref.file)) : -EBADF;
    fd_put(ref);
    return rc;
}
