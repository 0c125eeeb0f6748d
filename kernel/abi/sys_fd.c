/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors: opening and closing, copying, fcntl, ioctl, pipes. */
#include "args.h"
#include "sys_reclock.h"
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/ioctl.h>
#include <fs/fdtable.h>
#include <fs/pipe.h>
#include <fs/seals.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <mm/usercopy.h>

/* Flags that open knows; others are ignored, as on Linux. */
#define OPEN_FLAGS                                                                         \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |  \
     O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | \
     O_PATH | O_TMPFILE)

SYSCALL4(openat, int, dirfd, vaddr_t, path, unsigned, flags, unsigned, mode)
{
    struct args_at arg;
    struct file *file;
    int fd;
    int err = args_at(&arg, dirfd, path);

    if (err)
        return err;
    flags &= OPEN_FLAGS;
    fd = fd_reserve(0, flags & O_CLOEXEC);
    if (fd >= 0) {
        err = vfs_open(arg.at, arg.path.text, flags, mode & 07777, &file);
        if (err)
            fd_cancel(fd);
        else
            fd_fill(fd, file);
    }
    args_at_put(&arg);
    return err ? err : fd;
}

SYSCALL1(close, int, fd)
{
    return fd_close(fd);
}

SYSCALL3(close_range, unsigned, first, unsigned, last, unsigned, flags)
{
    if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
        return -EINVAL;
    int err = flags & CLOSE_RANGE_UNSHARE ? proc_part_unshare(PROC_PART_FILES) : 0;
    return err ? err : fd_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
}

SYSCALL1(dup, int, fd)
{
    return fd_dup(fd, 0, 0);
}

SYSCALL3(dup3, int, fd, int, to, unsigned, flags)
{
    if (flags & ~(unsigned)O_CLOEXEC || fd == to)
        return -EINVAL;
    return fd_dup_to(fd, to, flags);
}

SYSCALL2(pipe2, vaddr_t, fds, unsigned, flags)
{
    struct file *end[2];
    int fd[2];
    int err;

    if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    if (flags & O_DIRECT) /* packets */
        return -EOPNOTSUPP;
    fd[0] = fd_reserve(0, flags & O_CLOEXEC);
    if (fd[0] < 0)
        return fd[0];
    fd[1] = fd_reserve(0, flags & O_CLOEXEC);
    err = fd[1] < 0 ? fd[1] : copyout_obj(fds, &fd);
    if (!err)
        err = pipe_make(flags & O_NONBLOCK, &end[0], &end[1]);
    if (err) {
        fd_cancel(fd[0]);
        if (fd[1] >= 0)
            fd_cancel(fd[1]);
        return err;
    }
    fd_fill(fd[0], end[0]);
    fd_fill(fd[1], end[1]);
    return 0;
}

/* The commands that need the file. */
static long fcntl_file(int fd, struct file *file, unsigned cmd, u64 arg)
{
    switch (cmd) {
    case F_GETFL:
        return (long)((file->flags & ~(u32)O_CLOEXEC) | O_LARGEFILE);
    case F_SETFL:
        return file_set_flags(file, (unsigned)arg);
    case F_GETLK:
    case F_OFD_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return fcntl_reclock(fd, file, cmd, arg);
    case F_GETOWN: /* nobody is told of input (O_ASYNC has no effect), so there is no owner */
        return 0;
    case F_ADD_SEALS:
        return file_add_seals(file, (u32)arg);
    case F_GET_SEALS:
        return file_get_seals(file);
    case F_GETPIPE_SZ:
        return pipe_capacity(file);
    case F_SETPIPE_SZ: {
        long capacity = pipe_capacity(file);
        return capacity < 0 ? capacity : (s64)arg > capacity ? -EPERM : capacity;
    }
    default:
        return -EINVAL;
    }
}

SYSCALL3(fcntl, int, fd, unsigned, cmd, u64, arg)
{
    long rc;

    switch (cmd) {
    case F_DUPFD:
        return fd_dup(fd, (int)arg, 0);
    case F_DUPFD_CLOEXEC:
        return fd_dup(fd, (int)arg, O_CLOEXEC);
    case F_GETFD:
        rc = fd_get_cloexec(fd);
        return rc > 0 ? FD_CLOEXEC : rc;
    case F_SETFD:
        return fd_set_cloexec(fd, arg & FD_CLOEXEC);
    }

    struct fd_ref ref = fd_get(fd);
    if (!ref.file)
        return -EBADF;
    bool usable = cmd == F_GETFL || !(ref.file->flags & O_PATH);
    rc = usable ? fcntl_file(fd, ref.file, cmd, arg) : -EBADF;
    fd_put(ref);
    return rc;
}

/* The ioctls of the descriptor; the others are the file's. */
static long ioctl_file(int fd, struct file *file, unsigned cmd, vaddr_t arg)
{
    switch (cmd) {
    case FIOCLEX:
    case FIONCLEX:
        return fd_set_cloexec(fd, cmd == FIOCLEX);
    default:
        return file_ioctl(file, cmd, arg);
    }
}

SYSCALL3(ioctl, int, fd, unsigned, cmd, vaddr_t, arg)
{
    struct fd_ref ref = fd_get(fd);

    if (!ref.file)
        return -EBADF;
    long rc = ioctl_file(fd, ref.file, cmd, arg);
    fd_put(ref);
    return rc;
}

SYSCALL2(flock, int, fd, unsigned, op)
{
    unsigned how = op & ~(unsigned)LOCK_NB;
    struct fd_ref ref;

    if (how != LOCK_SH && how != LOCK_EX && how != LOCK_UN)
        return -EINVAL;
    ref = fd_get(fd);
    if (!ref.file)
        return -EBADF;
    /* A handle on a name, for which nobody was asked, locks no others out. */
    long rc = ref.file->flags & O_PATH ? -EBADF : file_flock(ref.file, op);
    fd_put(ref);
    return rc;
}
