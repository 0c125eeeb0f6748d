/* SPDX-License-Identifier: BSD-2-Clause */
/* What a file or a file system is: stat, statx, statfs. */
#include "args.h"
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <abi/linux/statfs.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <fs/vfs.h>
#include <kernel/time.h>
#include <mm/usercopy.h>

#define STAT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)

static int copy_stat(vaddr_t to, struct inode *inode)
{
    struct kstat st;

    inode_stat(inode, &st);
    struct linux_stat out = {
        .st_dev = st.dev,
        .st_ino = st.ino,
        .st_mode = st.mode,
        .st_nlink = st.nlink,
        .st_uid = st.uid,
        .st_gid = st.gid,
        .st_rdev = st.rdev,
        .st_size = (s64)st.size,
        .st_blksize = (s32)st.block_size,
        .st_blocks = (s64)st.blocks,
        .st_atime = (s64)(st.atime / NSEC_PER_SEC),
        .st_atime_nsec = st.atime % NSEC_PER_SEC,
        .st_mtime = (s64)(st.mtime / NSEC_PER_SEC),
        .st_mtime_nsec = st.mtime % NSEC_PER_SEC,
        .st_ctime = (s64)(st.ctime / NSEC_PER_SEC),
        .st_ctime_nsec = st.ctime % NSEC_PER_SEC,
    };
    return copyout_obj(to, &out);
}

SYSCALL2(fstat, int, fd, vaddr_t, to)
{
    struct fd_ref ref = fd_get(fd);

    if (!ref.file)
        return -EBADF;
    int err = copy_stat(to, ref.file->inode);
    fd_put(ref);
    return err;
}

/*
 * Calls fn for the inode that (dirfd, path, flags) names. An empty path means the descriptor
 * itself, which may be a pipe and have no dentry; C libraries make fstat of that.
 */
static long with_inode(int dirfd, vaddr_t path, unsigned flags,
                       int (*fn)(vaddr_t to, struct inode *inode), vaddr_t to)
{
    struct dentry *dentry;
    char first = 1;
    int err;

    if (flags & AT_EMPTY_PATH && dirfd != AT_FDCWD) {
        err = copyin_obj(&first, path);
        if (err)
            return err;
    }
    if (!first) {
        struct fd_ref ref = fd_get(dirfd);

        if (!ref.file)
            return -EBADF;
        err = fn(to, ref.file->inode);
        fd_put(ref);
        return err;
    }
    err = args_lookup(dirfd, path, flags, &dentry);
    if (err)
        return err;
    err = fn(to, dentry->inode);
    dentry_put(dentry);
    return err;
}

SYSCALL4(newfstatat, int, dirfd, vaddr_t, path, vaddr_t, to, unsigned, flags)
{
    if (flags & ~(unsigned)STAT_FLAGS)
        return -EINVAL;
    return with_inode(dirfd, path, flags, copy_stat, to);
}

static struct linux_statx_timestamp statx_time(u64 ns)
{
    return (struct linux_statx_timestamp){.tv_sec = (s64)(ns / NSEC_PER_SEC),
                                          .tv_nsec = (u32)(ns % NSEC_PER_SEC)};
}

static int copy_statx(vaddr_t to, struct inode *inode)
{
    struct kstat st;

    inode_stat(inode, &st);
    struct linux_statx out = {
        .stx_mask = STATX_BASIC_STATS,
        .stx_blksize = st.block_size,
        .stx_nlink = st.nlink,
        .stx_uid = st.uid,
        .stx_gid = st.gid,
        .stx_mode = (u16)st.mode,
        .stx_ino = st.ino,
        .stx_size = st.size,
        .stx_blocks = st.blocks,
        .stx_atime = statx_time(st.atime),
        .stx_ctime = statx_time(st.ctime),
        .stx_mtime = statx_time(st.mtime),
        .stx_rdev_major = DEV_MAJOR(st.rdev),
        .stx_rdev_minor = DEV_MINOR(st.rdev),
        .stx_dev_major = DEV_MAJOR(st.dev),
        .stx_dev_minor = DEV_MINOR(st.dev),
    };
    return copyout_obj(to, &out);
}

SYSCALL5(statx, int, dirfd, vaddr_t, path, unsigned, flags, unsigned, mask, vaddr_t, to)
{
    if (flags & ~(unsigned)(STAT_FLAGS | AT_STATX_SYNC_TYPE) || mask & STATX_RESERVED ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    return with_inode(dirfd, path, flags, copy_statx, to);
}

static int copy_statfs(vaddr_t to, struct inode *inode)
{
    struct kstatfs st;
    int err = vfs_statfs(inode, &st);

    if (err)
        return err;
    struct linux_statfs out = {
        .f_type = (s64)st.type,
        .f_bsize = (s64)st.block_size,
        .f_blocks = (s64)st.blocks,
        .f_bfree = (s64)st.free,
        .f_bavail = (s64)st.free,
        .f_files = (s64)st.files,
        .f_ffree = (s64)st.files_free,
        .f_fsid = {(s32)st.dev, 0},
        .f_namelen = (s64)st.name_max,
        .f_frsize = (s64)st.block_size,
        .f_flags = ST_VALID | ST_NOATIME | st.attributes,
    };
    return copyout_obj(to, &out);
}

SYSCALL2(statfs, vaddr_t, path, vaddr_t, to)
{
    return with_inode(AT_FDCWD, path, 0, copy_statfs, to);
}

SYSCALL2(fstatfs, int, fd, vaddr_t, to)
{
    struct fd_ref ref = fd_get(fd);

    if (!ref.file)
        return -EBADF;
    int err = copy_statfs(to, ref.file->inode);
    fd_put(ref);
    return err;
}
