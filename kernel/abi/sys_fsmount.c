/* SPDX-License-Identifier: BSD-2-Clause */
/* The second half of mounting step by step: fsmount makes a mount that is nowhere, move_mount gives it a place; open_tree. */
#include "args.h"
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/fsopen.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <fs/mount.h>
#include <fs/mount_plan.h>
#include <fs/path.h>
#include <fs/vfs.h>
#include <kernel/caps.h>
#include <lib/err.h>

/* --- fsmount --- */

static_assert(MOUNT_RDONLY == MOUNT_ATTR_RDONLY && MOUNT_NOSUID == MOUNT_ATTR_NOSUID &&
                  MOUNT_NODEV == MOUNT_ATTR_NODEV && MOUNT_NOEXEC == MOUNT_ATTR_NOEXEC,
              "attributes are passed through");

/* What a mount can be told; access times are never kept, whatever it is. */
static bool known_attributes(unsigned attributes)
{
    const unsigned known = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                           MOUNT_ATTR_NOEXEC | MOUNT_ATTR_ATIME_MASK | MOUNT_ATTR_NODIRATIME;

    return !(attributes & ~known) && (attributes & MOUNT_ATTR_ATIME_MASK) <= 0x20;
}

static int install_mount(int fs_fd, int fd, u32 attributes)
{
    struct fd_ref ref = fd_get(fs_fd);
    struct file *file = ref.file ? mount_plan_mount(ref.file, attributes) : ERR_PTR(-EBADF);

    fd_put(ref);
    if (IS_ERR(file))
        return (int)PTR_ERR(file);
    fd_fill(fd, file);
    return fd;
}

SYSCALL3(fsmount, int, fs_fd, unsigned, flags, unsigned, attributes)
{
    if (!caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    if (flags & ~FSMOUNT_CLOEXEC || !known_attributes(attributes))
        return -EINVAL;
    int fd = fd_reserve(0, flags & FSMOUNT_CLOEXEC ? O_CLOEXEC : 0);
    if (fd < 0)
        return fd;
    int err = install_mount(fs_fd, fd, attributes & MOUNT_ALL);
    if (err < 0)
        fd_cancel(fd);
    return err;
}

/* --- move_mount --- */

/* The mount is named by the descriptor alone: a path leads to what is mounted already, which stays where it is. */
static int attach(int from_fd, vaddr_t from_path, unsigned flags, struct dentry *dir)
{
    struct args_path path;
    int err = args_path(&path, from_path);

    if (err)
        return err;
    bool empty = !path.text[0];
    args_path_put(&path);
    if (!empty)
        return -EINVAL;
    if (!(flags & MOVE_MOUNT_F_EMPTY_PATH))
        return -ENOENT;
    struct fd_ref ref = fd_get(from_fd);
    if (!ref.file)
        return -EBADF;
    err = mount_plan_attach(ref.file, dir);
    fd_put(ref);
    return err;
}

SYSCALL5(move_mount, int, from_fd, vaddr_t, from_path, int, to_fd, vaddr_t, to_path, unsigned,
         flags)
{
    const unsigned known = MOVE_MOUNT_F_SYMLINKS | MOVE_MOUNT_F_AUTOMOUNTS |
                           MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS |
                           MOVE_MOUNT_T_AUTOMOUNTS | MOVE_MOUNT_T_EMPTY_PATH;
    unsigned at_flags = 0;
    struct dentry *dir;

    if (!caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    if (flags & ~known)
        return -EINVAL;
    if (!(flags & MOVE_MOUNT_T_SYMLINKS))
        at_flags |= AT_SYMLINK_NOFOLLOW;
    if (flags & MOVE_MOUNT_T_EMPTY_PATH)
        at_flags |= AT_EMPTY_PATH;
    int err = args_lookup(to_fd, to_path, at_flags, &dir);
    if (err)
        return err;
    err = attach(from_fd, from_path, flags, dir);
    dentry_put(dir);
    return err;
}

/* --- open_tree --- */

/* Without OPEN_TREE_CLONE, which would be a bind mount, this is a handle on a path. */
SYSCALL3(open_tree, int, dirfd, vaddr_t, path, unsigned, flags)
{
    const unsigned known =
        OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    struct dentry *d;

    if (flags & ~known)
        return -EINVAL;
    int err = args_lookup(dirfd, path, flags, &d);
    if (err)
        return err;
    struct file *file = file_open(d->inode, d, O_PATH);
    dentry_put(d);
    if (IS_ERR(file))
        return PTR_ERR(file);
    int fd = fd_install(file, 0, flags & OPEN_TREE_CLOEXEC);
    if (fd < 0)
        file_put(file);
    return fd;
}
