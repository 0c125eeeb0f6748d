/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments that many calls share, brought into the kernel and checked. */
#include "args.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/limits.h>
#include <abi/linux/uio.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <fs/path.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

static int read_long_path(struct args_path *path, vaddr_t addr)
{
    path->text = kmalloc(PATH_MAX);
    if (!path->text)
        return -ENOMEM;

    ssize_t n = copyinstr(path->text, addr, PATH_MAX);
    if (n >= 0)
        return 0;
    kfree(path->text);
    return (int)n;
}

int args_path(struct args_path *path, vaddr_t addr)
{
    ssize_t n = copyinstr(path->small, addr, PATH_SMALL);

    path->text = path->small;
    if (likely(n >= 0))
        return 0;
    return n == -ENAMETOOLONG ? read_long_path(path, addr) : (int)n;
}

void args_path_put(struct args_path *path)
{
    if (unlikely(path->text != path->small))
        kfree(path->text);
}

int args_at(struct args_at *arg, int dirfd, vaddr_t path)
{
    int err = args_path(&arg->path, path);
    if (err)
        return err;

    /* An absolute path does not look at dirfd, not even to find it bad. */
    arg->at = NULL;
    if (dirfd != AT_FDCWD && arg->path.text[0] != '/')
        err = fd_get_at(dirfd, &arg->at);
    if (err)
        args_path_put(&arg->path);
    return err;
}

void args_at_put(struct args_at *arg)
{
    if (arg->at)
        dentry_put(arg->at);
    args_path_put(&arg->path);
}

int args_lookup(int dirfd, vaddr_t path, unsigned at_flags, struct dentry **out)
{
    struct args_at arg;
    unsigned lookup = at_flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
    int err = args_at(&arg, dirfd, path);

    if (err)
        return err;
    if (at_flags & AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    err = path_lookup(arg.at, arg.path.text, lookup, out);
    args_at_put(&arg);
    return err;
}

static int timespec_ns(const struct linux_timespec *ts, u64 *ns)
{
    if (ts->tv_sec < 0 || (u64)ts->tv_nsec >= NSEC_PER_SEC)
        return -EINVAL;
    if ((u64)ts->tv_sec >= TIME_NEVER / NSEC_PER_SEC)
        *ns = TIME_NEVER;
    else
        *ns = (u64)ts->tv_sec * NSEC_PER_SEC + (u64)ts->tv_nsec;
    return 0;
}

int args_timespec(vaddr_t addr, u64 *ns)
{
    struct linux_timespec ts;
    int err = copyin_obj(&ts, addr);

    return err ? err : timespec_ns(&ts, ns);
}

static struct linux_timespec timespec_of(u64 ns)
{
    return (struct linux_timespec){.tv_sec = (s64)(ns / NSEC_PER_SEC),
                                   .tv_nsec = (s64)(ns % NSEC_PER_SEC)};
}

int args_put_timespec(vaddr_t addr, u64 ns)
{
    struct linux_timespec ts = timespec_of(ns);

    return copyout_obj(addr, &ts);
}

int args_itimerspec(vaddr_t addr, u64 *value, u64 *interval)
{
    struct linux_itimerspec in;
    int err = copyin_obj(&in, addr);

    if (!err)
        err = timespec_ns(&in.it_value, value);
    return err ? err : timespec_ns(&in.it_interval, interval);
}

int args_put_itimerspec(vaddr_t addr, u64 value, u64 interval)
{
    struct linux_itimerspec out = {.it_interval = timespec_of(interval),
                                   .it_value = timespec_of(value)};

    return copyout_obj(addr, &out);
}

struct linux_timeval args_timeval_of(u64 ns)
{
    return (struct linux_timeval){.tv_sec = (s64)(ns / NSEC_PER_SEC),
                                  .tv_usec = (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC)};
}

int args_timeval_ns(const struct linux_timeval *tv, u64 *ns)
{
    if ((u64)tv->tv_usec >= 1000000)
        return -EINVAL;

    struct linux_timespec ts = {.tv_sec = tv->tv_sec, .tv_nsec = tv->tv_usec * 1000};
    return timespec_ns(&ts, ns);
}

u64 args_deadline(u64 ns)
{
    u64 now = time_now_ns();

    return ns >= TIME_NEVER - now ? TIME_NEVER : now + ns;
}

u64 args_absolute_deadline(u64 ns)
{
    u64 boot = time_boot_ns();

    return ns >= TIME_NEVER - boot ? TIME_NEVER : ns + boot;
}

/* A negative length is an error; beyond MAX_RW_COUNT in all the rest is cut off. */
static int check_vector(struct linux_iovec *segments, u64 count)
{
    u64 left = MAX_RW_COUNT;

    for (u64 i = 0; i < count; i++) {
        if ((s64)segments[i].iov_len < 0)
            return -EINVAL;
        segments[i].iov_len = MIN(segments[i].iov_len, left);
        left -= segments[i].iov_len;
    }
    return 0;
}

int args_vector(struct args_vector *vector, vaddr_t addr, u64 count)
{
    if (count > IOV_MAX)
        return -EINVAL;
    vector->segments = vector->small;
    if (count > VECTOR_SMALL)
        vector->segments = kmalloc(count * sizeof(struct linux_iovec));
    if (!vector->segments)
        return -ENOMEM;

    int err = copyin(vector->segments, addr, count * sizeof(struct linux_iovec));
    if (!err)
        err = check_vector(vector->segments, count);
    if (err) {
        args_vector_put(vector);
        return err;
    }
    vector->iob = iobuf_segments(vector->segments, (unsigned)count);
    return 0;
}

void args_vector_put(struct args_vector *vector)
{
    if (vector->segments != vector->small)
        kfree(vector->segments);
}

int args_sigset(vaddr_t addr, size_t size, sigset_mask *set)
{
    if (size != sizeof(sigset_mask))
        return -EINVAL;
    return copyin_obj(set, addr);
}
