/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening files and changing what is known about them (see include/fs/vfs.h). Making, removing
 * and moving names is in names.c.
 */
#include <fs/vfs.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <base/atomic.h>
#include <fs/file.h>
#include <fs/fscontext.h>
#include <fs/mount.h>
#include <fs/names.h>
#include <fs/permission.h>
#include <fs/seals.h>
#include <kernel/time.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <mm/page.h>

#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

static int check_writable(const struct inode *inode)
{
    if (inode->super->type->fixed)
        return -EOPNOTSUPP;
    return mount_is_readonly(inode) ? -EROFS : 0;
}

/* --- open ------------------------------------------------------------------------------------ */

static bool wants_write(unsigned flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
}

/* What an open asks for; both, and neither can be used, with the fourth way that O_ACCMODE has room for. */
static unsigned wanted(unsigned flags)
{
    static const u8 want[] = {R_OK, W_OK, R_OK | W_OK, R_OK | W_OK};

    return want[flags & O_ACCMODE] | (flags & O_TRUNC ? W_OK : 0);
}

static int check_type(const struct inode *inode, unsigned flags)
{
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        return wants_write(flags) ? check_writable(inode) : 0;
    case S_IFDIR:
        return wants_write(flags) || flags & O_CREAT ? -EISDIR : 0;
    case S_IFLNK:
        return -ELOOP;
    case S_IFCHR:
    case S_IFBLK:
        return mount_has(inode, MOUNT_NODEV) ? -EACCES : 0;
    default:
        return 0;
    }
}

/* Whether an existing file may be opened with these flags. */
static int may_open(const struct inode *inode, unsigned flags)
{
    if (flags & O_PATH)
        return 0;
    int err = check_type(inode, flags);
    if (!err)
        err = inode_permission(inode, wanted(flags));
    if (!err && flags & O_NOATIME)
        err = inode_permit_owner(inode);
    return err;
}

/* Opens what may be opened. */
static int open_permitted(struct dentry *dentry, unsigned flags, struct file **out)
{
    int err = 0;
    struct file *file = file_open(dentry->inode, dentry, flags);
    if (IS_ERR(file))
        return (int)PTR_ERR(file);
    /* Files without a size of their own (/proc) are opened as they are. */
    if (flags & O_TRUNC && dentry->inode->ops->truncate && !(flags & O_PATH))
        err = vfs_truncate(dentry->inode, 0);
    if (err)
        file_put(file);
    else
        *out = file;
    return err;
}

static int open_found(struct dentry *dentry, unsigned flags, struct file **out)
{
    int err = may_open(dentry->inode, flags);

    return err ? err : open_permitted(dentry, flags, out);
}

/* The last name of an open with O_CREAT: what is there, or a new file. Referenced. */
static int find_or_make(struct path_last *last, unsigned flags, unsigned mode, struct dentry **out)
{
    if (last->found) {
        *out = dentry_get(last->found);
        return flags & O_EXCL ? -EEXIST : 0;
    }
    if (last->slashes)
        return -EISDIR;
    return name_make(last, S_IFREG | (mode & 07777 & ~fs_umask()), 0, NULL, out);
}

static int open_create_once(struct dentry *at, const char *path, unsigned flags, unsigned mode,
                            struct file **out)
{
    struct path_last last;
    struct dentry *dentry = NULL;
    bool follow = !(flags & (O_EXCL | O_NOFOLLOW));
    int err = path_last(at, path, follow ? LOOKUP_FOLLOW : 0, &last);

    if (err)
        return err;
    bool fresh = !last.found;
    err = find_or_make(&last, flags, mode, &dentry);
    path_last_put(&last);
    /* Who makes a file may open it, whatever its mode. */
    if (!err)
        err = fresh ? open_permitted(dentry, flags & ~(unsigned)O_TRUNC, out)
                    : open_found(dentry, flags, out);
    dentry_put(dentry);
    return err;
}

static int open_create(struct dentry *at, const char *path, unsigned flags, unsigned mode,
                       struct file **out)
{
    int err;

    /* Without O_EXCL somebody else's file of that name, made meanwhile, is as good. */
    do
        err = open_create_once(at, path, flags, mode, out);
    while (err == -EEXIST && !(flags & O_EXCL));
    return err;
}

/* A file of the directory's file system that has no name in it; with O_EXCL it never gets one. */
static int make_nameless(struct dentry *dir, unsigned mode, bool linkable, struct dentry **out)
{
    if (!dir->inode->ops->make)
        return -EOPNOTSUPP;
    struct inode *inode =
        dir->inode->ops->make(dir->inode, S_IFREG | (mode & 07777 & ~fs_umask()), 0, NULL);
    if (IS_ERR(inode))
        return (int)PTR_ERR(inode);
    inode_inherit(inode, dir->inode);
    char name[24];
    size_t len = fmt_scnprintf(name, sizeof(name), "#%lu", inode->ino);
    inode->nlink = 0;
    inode->linkable = linkable;
    *out = dentry_make(dir, name, len, inode);
    if (!*out)
        return -ENOMEM;
    (*out)->dead = true;
    return 0;
}

/* O_TMPFILE */
static int open_nameless(struct dentry *at, const char *path, unsigned flags, unsigned mode,
                         struct file **out)
{
    struct dentry *dir, *dentry = NULL;

    if ((flags & (O_TMPFILE | O_CREAT)) != O_TMPFILE || (flags & O_ACCMODE) == O_RDONLY ||
        flags & O_PATH)
        return -EINVAL;
    int err = path_lookup(at, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &dir);
    if (err)
        return err;
    err = check_writable(dir->inode);
    if (!err)
        err = dir_permit_change(dir->inode);
    if (!err)
        err = make_nameless(dir, mode, !(flags & O_EXCL), &dentry);
    if (!err) {
        err = open_permitted(dentry, flags & ~(unsigned)O_TRUNC, out);
        dentry_put(dentry);
    }
    dentry_put(dir);
    return err;
}

int vfs_open(struct dentry *at, const char *path, unsigned flags, unsigned mode, struct file **out)
{
    struct dentry *dentry;
    unsigned lookup = 0;

    if (flags & TMPFILE_BIT)
        return open_nameless(at, path, flags, mode, out);
    if (flags & O_CREAT && !(flags & O_PATH))
        return flags & O_DIRECTORY ? -EINVAL : open_create(at, path, flags, mode, out);
    if (!(flags & O_NOFOLLOW))
        lookup |= LOOKUP_FOLLOW;
    if (flags & O_DIRECTORY)
        lookup |= LOOKUP_DIRECTORY;
    int err = path_lookup(at, path, lookup, &dentry);
    if (err)
        return err;
    err = open_found(dentry, flags, out);
    dentry_put(dentry);
    return err;
}

static int may_exec(const struct inode *inode)
{
    if (!S_ISREG(inode->mode) || mount_has(inode, MOUNT_NOEXEC))
        return -EACCES;
    return inode_permission(inode, X_OK);
}

int vfs_open_exec(struct dentry *at, const char *path, unsigned lookup_flags, struct file **out)
{
    struct dentry *dentry;
    int err = path_lookup(at, path, lookup_flags, &dentry);

    if (err)
        return err;
    err = S_ISLNK(dentry->inode->mode) ? -ELOOP : may_exec(dentry->inode);
    if (!err)
        err = open_permitted(dentry, O_RDONLY, out);
    dentry_put(dentry);
    return err;
}

/* --- attributes ------------------------------------------------------------------------------ */

int vfs_truncate(struct inode *inode, u64 size)
{
    int err = check_writable(inode);

    if (S_ISDIR(inode->mode))
        return -EISDIR;
    if (!inode->ops->truncate || (s64)size < 0)
        return -EINVAL;
    if (err)
        return err;
    mutex_lock(&inode->lock);
    err = inode->ops->truncate(inode, size);
    if (!err)
        inode_drop_set_id(inode);
    mutex_unlock(&inode->lock);
    if (!err)
        inode_modified(inode);
    return err;
}

int file_truncate(struct file *file, u64 size)
{
    if (file->flags & O_PATH)
        return -EBADF;
    if (!(file->access & FILE_WRITE) || !S_ISREG(file->inode->mode))
        return -EINVAL;
    return vfs_truncate(file->inode, size);
}

int vfs_chmod(struct inode *inode, u32 mode)
{
    int err = check_writable(inode);

    if (err)
        return err;
    if (S_ISLNK(inode->mode))
        return -EOPNOTSUPP;
    mutex_lock(&inode->lock);
    err =
        inode_permit_owner(inode); /* and nobody else becomes the owner before the mode is there */
    mode = inode_fit_mode(mode, inode->gid);
    if (!err && inode->ops->seals)
        err = seals_check_mode(inode->ops->seals(inode), inode->mode, mode);
    if (!err)
        WRITE_ONCE(inode->mode, (inode->mode & S_IFMT) | (mode & 07777));
    mutex_unlock(&inode->lock);
    if (!err)
        inode_changed(inode);
    return err;
}

/* Set-id bits go, as they were meant for the owner before; those of a directory mean something else. */
static void set_owner(struct inode *inode, u32 uid, u32 gid)
{
    if (!S_ISDIR(inode->mode))
        WRITE_ONCE(inode->mode, mode_without_set_id(inode->mode));
    if (uid != ~0u)
        WRITE_ONCE(inode->uid, uid);
    if (gid != ~0u)
        WRITE_ONCE(inode->gid, gid);
    inode_changed(inode);
}

int vfs_chown(struct inode *inode, u32 uid, u32 gid)
{
    int err = check_writable(inode);

    if (err)
        return err;
    mutex_lock(&inode->lock);
    err = inode_permit_chown(inode, uid, gid);
    if (!err)
        set_owner(inode, uid, gid);
    mutex_unlock(&inode->lock);
    return err;
}

static void set_time(u64 *field, u64 value)
{
    if (value != VFS_TIME_OMIT)
        WRITE_ONCE(*field, value == VFS_TIME_NOW ? time_realtime_ns() : value);
}

/* What time it is now, whoever may write may say; other times are for the owner. */
static int permit_times(const struct inode *inode, u64 atime, u64 mtime)
{
    int err = inode_permit_owner(inode);

    return err && atime == VFS_TIME_NOW && mtime == VFS_TIME_NOW ? inode_permission(inode, W_OK)
                                                                 : err;
}

int vfs_utimens(struct inode *inode, u64 atime, u64 mtime)
{
    int err = check_writable(inode);

    if (!err && (atime != VFS_TIME_OMIT || mtime != VFS_TIME_OMIT))
        err = permit_times(inode, atime, mtime);
    if (err)
        return err;
    set_time(&inode->atime, atime);
    set_time(&inode->mtime, mtime);
    inode_changed(inode);
    return 0;
}

/* Pages of a file system in memory: those of its limit, or all that there is. */
static void count_blocks(const struct super *super, struct kstatfs *out)
{
    u64 limit = fs_config_get(&super->config, FS_OPTION_SIZE, 0) / PAGE_SIZE;
    struct page_stats stats;

    page_stats(&stats);
    out->blocks = limit ? limit : stats.total;
    out->free = limit ? limit - MIN(atomic_load_relaxed(&super->pages), limit) : stats.free;
    out->files = fs_config_get(&super->config, FS_OPTION_INODES, 0);
    out->files_free = out->files - MIN(atomic_load_relaxed(&super->inodes), out->files);
}

int vfs_statfs(struct inode *inode, struct kstatfs *out)
{
    const struct super *super = inode->super;

    *out = (struct kstatfs){
        .type = super->type->magic,
        .block_size = PAGE_SIZE,
        .name_max = NAME_MAX,
        .dev = super->dev,
        .attributes = dentry_mount_attributes(super) | (super->readonly ? MOUNT_RDONLY : 0),
    };
    if (super->type->in_memory)
        count_blocks(super, out);
    return 0;
}

int vfs_access(struct inode *inode, unsigned mode)
{
    bool device = S_ISCHR(inode->mode) || S_ISBLK(inode->mode) || S_ISFIFO(inode->mode);

    if (mode & ~(unsigned)(R_OK | W_OK | X_OK))
        return -EINVAL;
    if (mode & W_OK && !device && mount_is_readonly(inode))
        return -EROFS;
    if (mode & X_OK && S_ISREG(inode->mode) && mount_has(inode, MOUNT_NOEXEC))
        return -EACCES;
    return inode_permission(inode, mode);
}
