/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making, removing and moving names (see include/fs/vfs.h).
 *
 * Each call looks everything up, gets the memory it needs, and then does one step under the tree
 * lock (dentry_link, dentry_unlink, dentry_move), which checks again what may have changed: other
 * cpus move, remove and replace names meanwhile. A call whose names lead elsewhere by then begins
 * anew. So it either happens as a whole or not at all, and no lock is held across directories.
 */
#include <fs/names.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <base/atomic.h>
#include <fs/fscontext.h>
#include <fs/mount.h>
#include <fs/permission.h>
#include <fs/vfs.h>
#include <lib/err.h>
#include <lib/string.h>

static void add_links(struct inode *inode, int n)
{
    __atomic_fetch_add(&inode->nlink, (u32)n, __ATOMIC_RELAXED);
}

/* Whether names can be made and removed in this directory, and by the caller. */
static int may_change(const struct inode *dir)
{
    if (!dir->ops->make)
        return -EPERM;
    return mount_is_readonly(dir) ? -EROFS : dir_permit_change(dir);
}

/* --- making ---------------------------------------------------------------------------------- */

/* Links a dentry for `inode` (whose reference it takes over) under the free name. */
static int link_inode(struct path_last *last, struct inode *inode, struct dentry **out)
{
    struct dentry *d = dentry_make(last->dir, last->name.text, last->name.len, inode);

    if (!d)
        return -ENOMEM;
    int err = dentry_link(d);
    if (!err)
        inode_modified(last->dir->inode);
    if (!err && out)
        *out = d;
    else
        dentry_put(d);
    return err;
}

int name_make(struct path_last *last, u32 mode, u32 rdev, const char *target, struct dentry **out)
{
    struct inode *dir = last->dir->inode;
    int err = may_change(dir);

    if (!err)
        err = inode_permit_make(mode);
    if (err)
        return err;
    struct inode *inode = dir->ops->make(dir, mode, rdev, target);
    if (IS_ERR(inode))
        return (int)PTR_ERR(inode);
    inode_inherit(inode, dir);
    err = link_inode(last, inode, out);
    if (!err && S_ISDIR(mode))
        add_links(dir, 1);
    return err;
}

/* A call that makes one new name. Slashes behind it are for directories alone. */
static int make_at(struct dentry *at, const char *path, u32 mode, u32 rdev, const char *target)
{
    struct path_last last;
    int err = path_last(at, path, 0, &last);

    if (err)
        return err;
    if (last.found)
        err = -EEXIST;
    else if (last.slashes && !S_ISDIR(mode))
        err = -ENOENT;
    else
        err = name_make(&last, mode, rdev, target, NULL);
    path_last_put(&last);
    return err;
}

int vfs_mkdir(struct dentry *at, const char *path, unsigned mode)
{
    return make_at(at, path, S_IFDIR | (mode & 01777 & ~fs_umask()), 0, NULL);
}

int vfs_mknod(struct dentry *at, const char *path, unsigned mode, u32 rdev)
{
    unsigned type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;

    if (type == S_IFDIR)
        return -EPERM;
    if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO &&
        type != S_IFSOCK)
        return -EINVAL;
    if (type != S_IFCHR && type != S_IFBLK)
        rdev = 0;
    return make_at(at, path, type | (mode & 07777 & ~fs_umask()), rdev, NULL);
}

int vfs_symlink(const char *target, struct dentry *at, const char *path)
{
    if (!target[0])
        return -ENOENT;
    return make_at(at, path, S_IFLNK | 0777, 0, target);
}

static int link_at(struct dentry *old, struct dentry *at, const char *path)
{
    struct path_last last;

    if (S_ISDIR(old->inode->mode))
        return -EPERM;
    int err = path_last(at, path, 0, &last);
    if (err)
        return err;
    if (last.found)
        err = -EEXIST;
    else if (last.slashes)
        err = -ENOENT;
    else if (old->inode->super != last.dir->inode->super)
        err = -EXDEV;
    else
        err = may_change(last.dir->inode);
    if (!err && !READ_ONCE(old->inode->nlink) && !old->inode->linkable)
        err = -ENOENT; /* its last name is gone */
    if (!err)
        err = link_inode(&last, inode_get(old->inode), NULL);
    if (!err && old->inode->linkable)
        old->inode->linkable = false; /* it has had its first name */
    path_last_put(&last);
    return err;
}

int vfs_link(struct dentry *old_at, const char *old_path, struct dentry *new_at,
             const char *new_path, unsigned lookup_flags)
{
    struct dentry *old;
    int err = path_lookup(old_at, old_path, lookup_flags, &old);

    if (err)
        return err;
    err = link_at(old, new_at, new_path);
    if (!err) {
        add_links(old->inode, 1);
        inode_changed(old->inode);
    }
    dentry_put(old);
    return err;
}

static struct place place_of(const struct path_last *last)
{
    return (struct place){.dir = last->dir, .name = &last->name};
}

/* --- removing -------------------------------------------------------------------------------- */

/* A name that path_last() found and that is to go: what stands against it, apart from its type. */
static int may_remove(const struct path_last *last)
{
    if (!last->found)
        return -ENOENT;
    if (last->found->inode->super != last->dir->inode->super)
        return -EBUSY; /* a mounted root hides the name */
    int err = may_change(last->dir->inode);
    return err ? err : dir_permit_remove(last->dir->inode, last->found->inode);
}

/* After a name is gone: link counts and times. */
static void removed(struct inode *dir, struct inode *inode)
{
    bool is_dir = S_ISDIR(inode->mode);

    add_links(inode, is_dir ? -2 : -1);
    if (is_dir)
        add_links(dir, -1);
    inode_changed(inode);
    inode_modified(dir);
}

static int remove_last(struct path_last *last, bool dir)
{
    struct place place = place_of(last);
    int err = may_remove(last);

    if (!err)
        err = dentry_unlink(last->found, &place, dir);
    if (!err)
        removed(last->dir->inode, last->found->inode);
    return err;
}

static int unlink_once(struct dentry *at, const char *path)
{
    struct path_last last;
    int err = path_last(at, path, 0, &last);

    if (err)
        return err;
    if (last.special)
        err = -EISDIR;
    else if (last.found && last.slashes)
        err = S_ISDIR(last.found->inode->mode) ? -EISDIR : -ENOTDIR;
    else
        err = remove_last(&last, false);
    path_last_put(&last);
    return err;
}

int vfs_unlink(struct dentry *at, const char *path)
{
    int err;

    do
        err = unlink_once(at, path);
    while (err == -ESTALE);
    return err;
}

/* rmdir of a path that ends in no name: Linux tells the three cases apart. */
static int rmdir_special(const char *path)
{
    size_t len = strlen(path);

    while (len && path[len - 1] == '/')
        len--;
    if (len && path[len - 1] == '.')
        return len > 1 && path[len - 2] == '.' ? -ENOTEMPTY : -EINVAL;
    return -EBUSY;
}

static int rmdir_once(struct dentry *at, const char *path)
{
    struct path_last last;
    int err = path_last(at, path, 0, &last);

    if (err)
        return err;
    err = last.special ? rmdir_special(path) : remove_last(&last, true);
    path_last_put(&last);
    return err;
}

int vfs_rmdir(struct dentry *at, const char *path)
{
    int err;

    do
        err = rmdir_once(at, path);
    while (err == -ESTALE);
    return err;
}

/* --- moving ---------------------------------------------------------------------------------- */

static bool wrong_slashes(const struct path_last *last, const struct inode *inode)
{
    return last->slashes && !S_ISDIR(inode->mode);
}

/* What can be known before the tree lock is taken. 1: both names are the same file; nothing to do. */
static int may_rename(const struct path_last *from, const struct path_last *to, unsigned flags)
{
    if (from->special || to->special)
        return -EBUSY;
    int err = may_remove(from);
    if (err)
        return err;
    if (from->dir->inode->super != to->dir->inode->super)
        return -EXDEV;
    if (wrong_slashes(from, from->found->inode) || wrong_slashes(to, from->found->inode))
        return -ENOTDIR;
    if (to->found && flags & RENAME_NOREPLACE)
        return -EEXIST;
    if (to->found && to->found->inode == from->found->inode)
        return 1;
    err = to->found ? may_remove(to) : may_change(to->dir->inode);
    /* A directory that gets another parent is written to. */
    if (!err && S_ISDIR(from->found->inode->mode) && from->dir != to->dir)
        err = inode_permission(from->found->inode, W_OK);
    return err;
}

/* Link counts and times after a move; `victim` may be NULL. */
static void moved(struct inode *from_dir, struct inode *to_dir, struct inode *inode,
                  struct inode *victim)
{
    if (victim)
        removed(to_dir, victim);
    if (S_ISDIR(inode->mode)) {
        add_links(from_dir, -1);
        add_links(to_dir, 1);
    }
    inode_modified(from_dir);
    inode_modified(to_dir);
    inode_changed(inode);
}

static int move_last(struct path_last *from, struct path_last *to)
{
    struct inode *inode = from->found->inode;
    struct place old = place_of(from), new = place_of(to);
    struct dentry *next = dentry_make(to->dir, to->name.text, to->name.len, inode_get(inode));

    if (!next)
        return -ENOMEM;
    int err = dentry_move(from->found, &old, next, to->found, &new);
    if (!err)
        moved(from->dir->inode, to->dir->inode, inode, to->found ? to->found->inode : NULL);
    dentry_put(next);
    return err;
}

static int rename_once(struct dentry *old_at, const char *old_path, struct dentry *new_at,
                       const char *new_path, unsigned flags)
{
    struct path_last from, to;
    int err = path_last(old_at, old_path, 0, &from);

    if (err)
        return err;
    err = path_last(new_at, new_path, 0, &to);
    if (!err) {
        err = may_rename(&from, &to, flags);
        if (!err)
            err = move_last(&from, &to);
        path_last_put(&to);
    }
    path_last_put(&from);
    return err;
}

int vfs_rename(struct dentry *old_at, const char *old_path, struct dentry *new_at,
               const char *new_path, unsigned flags)
{
    int err;

    if (flags & ~(unsigned)RENAME_NOREPLACE)
        return -EINVAL;
    do /* either name may come to lead elsewhere between the look and the move: then look again */
        err = rename_once(old_at, old_path, new_at, new_path, flags);
    while (err == -ESTALE || (err == -EEXIST && !(flags & RENAME_NOREPLACE)));
    return err > 0 ? 0 : err;
}

/* --- reading links --------------------------------------------------------------------------- */

ssize_t vfs_readlink(struct dentry *at, const char *path, unsigned lookup_flags, char *buf,
                     size_t size)
{
    struct dentry *d;
    ssize_t len = path_lookup(at, path, lookup_flags, &d);

    if (len)
        return len;
    len = S_ISLNK(d->inode->mode) ? d->inode->ops->readlink(d->inode, buf, size) : -EINVAL;
    dentry_put(d);
    return len;
}
