/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors that one waits with: epoll, eventfd, timerfd, signalfd. */
#include "args.h"
#include "syscall.h"

#include <abi/linux/event_files.h>
#include <fs/eventfd.h>
#include <fs/eventpoll.h>
#include <fs/fdtable.h>
#include <fs/signalfd.h>
#include <fs/timerfd.h>
#include <kernel/signal.h>
#include <kernel/time.h>
#include <mm/usercopy.h>

SYSCALL2(eventfd2, u32, count, unsigned, flags)
{
    return eventfd_create(count, flags);
}

/* --- epoll --- */

SYSCALL1(epoll_create1, unsigned, flags)
{
    return epoll_create(flags);
}

static long control(struct file *epoll, int op, int fd, const struct linux_epoll_event *event)
{
    struct fd_ref target = fd_get(fd);
    long rc = -EBADF;

    if (target.file && !(target.file->flags & O_PATH))
        rc = epoll_control(epoll, op, target.file, fd, event);
    fd_put(target);
    return rc;
}

SYSCALL4(epoll_ctl, int, epfd, int, op, int, fd, vaddr_t, from)
{
    struct linux_epoll_event event = {.events = 0};
    struct fd_ref epoll;
    long rc;

    if (op != EPOLL_CTL_DEL && copyin_obj(&event, from))
        return -EFAULT;
    epoll = fd_get(epfd);
    if (!epoll.file)
        return -EBADF;
    rc = control(epoll.file, op, fd, &event);
    fd_put(epoll);
    return rc;
}

/* Waits with the given signal mask, if there is one; a handler sees that mask, too. */
static long wait_masked(int epfd, vaddr_t to, int most, u64 deadline, const sigset_mask *mask)
{
    struct fd_ref epoll;
    int n;

    if (most <= 0 || (u64)most > INT32_MAX / sizeof(struct linux_epoll_event))
        return -EINVAL;
    epoll = fd_get(epfd);
    if (!epoll.file)
        return -EBADF;
    if (mask)
        sig_set_temporary_mask(*mask);
    n = epoll_wait_for(epoll.file, to, most, deadline);
    if (mask && n != -EINTR)
        sig_end_temporary_mask();
    fd_put(epoll);
    return n;
}

/* A mask that may be missing. */
static int optional_mask(vaddr_t addr, size_t size, sigset_mask *mask)
{
    return addr ? args_sigset(addr, size, mask) : 0;
}

SYSCALL6(epoll_pwait, int, epfd, vaddr_t, to, int, most, int, timeout_ms, vaddr_t, sigmask, size_t,
         sigsize)
{
    u64 deadline = timeout_ms < 0 ? WAIT_FOREVER : 0;
    sigset_mask mask;
    int err = optional_mask(sigmask, sigsize, &mask);

    if (err)
        return err;
    if (timeout_ms > 0)
        deadline = args_deadline((u64)timeout_ms * NSEC_PER_MSEC);
    return wait_masked(epfd, to, most, deadline, sigmask ? &mask : NULL);
}

SYSCALL6(epoll_pwait2, int, epfd, vaddr_t, to, int, most, vaddr_t, timeout, vaddr_t, sigmask,
         size_t, sigsize)
{
    u64 deadline = WAIT_FOREVER;
    sigset_mask mask;
    u64 ns = 0;
    int err = timeout ? args_timespec(timeout, &ns) : 0;

    if (!err)
        err = optional_mask(sigmask, sigsize, &mask);
    if (err)
        return err;
    if (timeout)
        deadline = ns ? args_deadline(ns) : 0;
    return wait_masked(epfd, to, most, deadline, sigmask ? &mask : NULL);
}

/* --- timerfd --- */

SYSCALL2(timerfd_create, int, clock, unsigned, flags)
{
    return timerfd_create(clock, flags);
}

SYSCALL2(timerfd_gettime, int, fd, vaddr_t, to)
{
    struct fd_ref timer = fd_get(fd);
    u64 value, interval;
    int err = timer.file ? timerfd_get(timer.file, &value, &interval) : -EBADF;

    fd_put(timer);
    return err ? err : args_put_itimerspec(to, value, interval);
}

SYSCALL4(timerfd_settime, int, fd, unsigned, flags, vaddr_t, from, vaddr_t, to)
{
    u64 value, interval, old_value, old_interval;
    struct fd_ref timer;
    int err = args_itimerspec(from, &value, &interval);

    if (err)
        return err;
    timer = fd_get(fd);
    err = timer.file ? timerfd_set(timer.file, flags, value, interval, &old_value, &old_interval)
                     : -EBADF;
    fd_put(timer);
    return err || !to ? err : args_put_itimerspec(to, old_value, old_interval);
}

/* --- signalfd --- */

SYSCALL4(signalfd4, int, fd, vaddr_t, from, size_t, size, unsigned, flags)
{
    struct fd_ref old;
    sigset_mask set;
    int err = args_sigset(from, size, &set);

    if (err)
        return err;
    if (fd == -1)
        return signalfd_create(set, flags);
    if (flags & ~(unsigned)(SFD_CLOEXEC | SFD_NONBLOCK))
        return -EINVAL;
    old = fd_get(fd);
    err = old.file ? signalfd_change(old.file, set) : -EBADF;
    fd_put(old);
    return err ? err : fd;
}
