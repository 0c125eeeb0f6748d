/* SPDX-License-Identifier: BSD-2-Clause */
/* Contents and attributes of open and named files: size, mode, owner, times, synchronising. */
#include "args.h"
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <fs/permission.h>
#include <fs/vfs.h>
#include <kernel/cred.h>
#include <kernel/time.h>
#include <lib/err.h>
#include <mm/usercopy.h>

static int permit_truncate(const struct inode *inode)
{
    if (S_ISDIR(inode->mode))
        return -EISDIR;
    return S_ISREG(inode->mode) ? inode_permission(inode, W_OK) : -EINVAL;
}

SYSCALL2(truncate, vaddr_t, path, s64, size)
{
    struct dentry *dentry;
    int err;

    if (size < 0)
        return -EINVAL;
    err = args_lookup(AT_FDCWD, path, 0, &dentry);
    if (err)
        return err;
    err = permit_truncate(dentry->inode);
    if (!err)
        err = vfs_truncate(dentry->inode, (u64)size);
    dentry_put(dentry);
    return err;
}

SYSCALL2(ftruncate, int, fd, s64, size)
{
    struct fd_ref ref;
    long rc;

    if (size < 0)
        return -EINVAL;
    ref = fd_get(fd);
    if (!ref.file)
        return -EBADF;
    rc = file_truncate(ref.file, (u64)size);
    fd_put(ref);
    return rc;
}

SYSCALL4(fallocate, int, fd, unsigned, mode, s64, offset, s64, len)
{
    struct fd_ref ref;
    s64 end;

    if (offset < 0 || len <= 0)
        return -EINVAL;
    if (__builtin_add_overflow(offset, len, &end))
        return -EFBIG;
    ref = fd_get(fd);
    if (!ref.file)
        return -EBADF;
    long rc = file_allocate(ref.file, mode, (u64)offset, (u64)len);
    fd_put(ref);
    return rc;
}

/* Files live in memory: everything is where it will ever be. A bad descriptor is one all the same. */
static long check_fd(int fd)
{
    struct fd_ref ref = fd_get(fd);

    if (!ref.file)
        return -EBADF;
    fd_put(ref);
    return 0;
}

SYSCALL0(sync)
{
    return 0;
}

SYSCALL1(syncfs, int, fd)
{
    return check_fd(fd);
}

SYSCALL1(fsync, int, fd)
{
    return check_fd(fd);
}

SYSCALL1(fdatasync, int, fd)
{
    return check_fd(fd);
}

SYSCALL3(readahead, int, fd, s64, offset, size_t, count)
{
    (void)count;
    return offset < 0 ? -EINVAL : check_fd(fd);
}

SYSCALL4(fadvise64, int, fd, s64, offset, s64, len, int, advice)
{
    (void)offset;
    if (len < 0 || advice < 0 || advice > 5)
        return -EINVAL;
    return check_fd(fd);
}

/* Calls on a path's inode, or on the descriptor's when the path is empty and the flags allow it. */
static int inode_of(int dirfd, vaddr_t path, unsigned flags, unsigned known, struct inode **out)
{
    struct dentry *dentry;
    int err;

    if (flags & ~known)
        return -EINVAL;
    err = args_lookup(dirfd, path, flags, &dentry);
    if (err)
        return err;
    *out = inode_get(dentry->inode);
    dentry_put(dentry);
    return 0;
}

static int inode_of_fd(int fd, struct inode **out)
{
    struct fd_ref ref = fd_get(fd);

    if (!ref.file)
        return -EBADF;
    bool usable = !(ref.file->flags & O_PATH);
    if (usable)
        *out = inode_get(ref.file->inode);
    fd_put(ref);
    return usable ? 0 : -EBADF;
}

static long change_mode(int err, struct inode *inode, unsigned mode)
{
    if (err)
        return err;
    err = vfs_chmod(inode, mode & 07777);
    inode_put(inode);
    return err;
}

SYSCALL2(fchmod, int, fd, unsigned, mode)
{
    struct inode *inode = NULL;
    int err = inode_of_fd(fd, &inode);

    return change_mode(err, inode, mode);
}

SYSCALL3(fchmodat, int, dirfd, vaddr_t, path, unsigned, mode)
{
    struct inode *inode = NULL;
    int err = inode_of(dirfd, path, 0, 0, &inode);

    return change_mode(err, inode, mode);
}

SYSCALL4(fchmodat2, int, dirfd, vaddr_t, path, unsigned, mode, unsigned, flags)
{
    struct inode *inode = NULL;
    int err = inode_of(dirfd, path, flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &inode);

    return change_mode(err, inode, mode);
}

static long change_owner(int err, struct inode *inode, u32 uid, u32 gid)
{
    if (err)
        return err;
    err = vfs_chown(inode, uid, gid);
    inode_put(inode);
    return err;
}

SYSCALL3(fchown, int, fd, u32, uid, u32, gid)
{
    struct inode *inode = NULL;
    int err = inode_of_fd(fd, &inode);

    return change_owner(err, inode, uid, gid);
}

SYSCALL5(fchownat, int, dirfd, vaddr_t, path, u32, uid, u32, gid, unsigned, flags)
{
    struct inode *inode = NULL;
    int err = inode_of(dirfd, path, flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &inode);

    return change_owner(err, inode, uid, gid);
}

static int file_time(const struct linux_timespec *ts, u64 *time)
{
    if (ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT) {
        *time = ts->tv_nsec == UTIME_NOW ? VFS_TIME_NOW : VFS_TIME_OMIT;
        return 0;
    }
    if ((u64)ts->tv_nsec >= NSEC_PER_SEC)
        return -EINVAL;
    /* Times before 1970 and after 2554 are cut to what can be kept. */
    if (ts->tv_sec < 0)
        *time = 0;
    else if ((u64)ts->tv_sec >= VFS_TIME_OMIT / NSEC_PER_SEC)
        *time = VFS_TIME_OMIT - 1;
    else
        *time = (u64)ts->tv_sec * NSEC_PER_SEC + (u64)ts->tv_nsec;
    return 0;
}

/* [0] is the time of access, [1] of modification. No times at all: both are now. */
static int file_times(vaddr_t addr, u64 time[2])
{
    struct linux_timespec ts[2];
    int err;

    time[0] = time[1] = VFS_TIME_NOW;
    if (!addr)
        return 0;
    err = copyin_obj(&ts, addr);
    if (!err)
        err = file_time(&ts[0], &time[0]);
    if (!err)
        err = file_time(&ts[1], &time[1]);
    return err;
}

SYSCALL4(utimensat, int, dirfd, vaddr_t, path, vaddr_t, times, unsigned, flags)
{
    struct inode *inode;
    u64 time[2];
    int err = file_times(times, time);

    if (err)
        return err;
    if (!path && !flags && dirfd != AT_FDCWD) /* futimens */
        err = inode_of_fd(dirfd, &inode);
    else
        err = inode_of(dirfd, path, flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &inode);
    if (err)
        return err;
    err = vfs_utimens(inode, time[0], time[1]);
    inode_put(inode);
    return err;
}

#define ACCESS_FLAGS (AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

static long check_access(int dirfd, vaddr_t path, unsigned mode, unsigned flags)
{
    struct inode *inode;
    int err = inode_of(dirfd, path, flags, ACCESS_FLAGS, &inode);

    if (err)
        return err;
    err = vfs_access(inode, mode);
    inode_put(inode);
    return err;
}

/* The way to the file, too, is looked at with the real user's eyes. */
static long check_real_access(int dirfd, vaddr_t path, unsigned mode, unsigned flags)
{
    if (mode & ~(unsigned)(R_OK | W_OK | X_OK))
        return -EINVAL;
    struct cred *cred = flags & AT_EACCESS ? NULL : cred_of_real_user();
    if (!cred)
        return check_access(dirfd, path, mode, flags);
    if (IS_ERR(cred))
        return PTR_ERR(cred);
    cred_act_with(cred);
    long err = check_access(dirfd, path, mode, flags);
    cred_restore();
    cred_put(cred);
    return err;
}

SYSCALL3(faccessat, int, dirfd, vaddr_t, path, unsigned, mode)
{
    return check_real_access(dirfd, path, mode, 0);
}

SYSCALL4(faccessat2, int, dirfd, vaddr_t, path, unsigned, mode, unsigned, flags)
{
    return check_real_access(dirfd, path, mode, flags);
}
