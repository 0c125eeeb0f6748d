/* SPDX-License-Identifier: BSD-2-Clause */
/* The mount calls that work step by step: fsopen, fsconfig, fspick. */
#include "args.h"
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/fsopen.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <fs/mount_plan.h>
#include <fs/super.h>
#include <kernel/caps.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

SYSCALL2(fsopen, vaddr_t, type_addr, unsigned, flags)
{
    struct args_path name;

    if (!caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    if (flags & ~FSOPEN_CLOEXEC)
        return -EINVAL;
    int err = args_path(&name, type_addr);
    if (err)
        return err;
    const struct fs_type *type = fs_type_find(name.text);
    err = type ? mount_plan_open(type, flags & FSOPEN_CLOEXEC ? O_CLOEXEC : 0) : -ENODEV;
    args_path_put(&name);
    return err;
}

SYSCALL3(fspick, int, dirfd, vaddr_t, path, unsigned, flags)
{
    const unsigned known =
        FSPICK_CLOEXEC | FSPICK_SYMLINK_NOFOLLOW | FSPICK_NO_AUTOMOUNT | FSPICK_EMPTY_PATH;
    struct dentry *root;
    unsigned at_flags = 0;

    if (!caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    if (flags & ~known)
        return -EINVAL;
    if (flags & FSPICK_SYMLINK_NOFOLLOW)
        at_flags |= AT_SYMLINK_NOFOLLOW;
    if (flags & FSPICK_EMPTY_PATH)
        at_flags |= AT_EMPTY_PATH;
    int err = args_lookup(dirfd, path, at_flags, &root);
    if (err)
        return err;
    err = -EINVAL;
    if (root->inode->super->root == root)
        err = mount_plan_pick(root->inode->super, flags & FSPICK_CLOEXEC ? O_CLOEXEC : 0);
    dentry_put(root);
    return err;
}

/* --- fsconfig --- */

#define TEXT_MAX 256ul /* of a key and a value, with the NUL */

struct fsconfig {
    unsigned command;
    vaddr_t key, value;
    int aux;
};

/* Which of the arguments a command wants. */
static int check_arguments(const struct fsconfig *c)
{
    bool key = c->key, value = c->value, aux = c->aux;

    switch (c->command) {
    case FSCONFIG_SET_FLAG:
        return key && !value && !aux ? 0 : -EINVAL;
    case FSCONFIG_SET_STRING:
        return key && value && !aux ? 0 : -EINVAL;
    case FSCONFIG_SET_BINARY:
        return key && value && c->aux > 0 && c->aux <= 1024 * 1024 ? 0 : -EINVAL;
    case FSCONFIG_SET_PATH:
    case FSCONFIG_SET_PATH_EMPTY:
        return key && value && (c->aux == AT_FDCWD || c->aux >= 0) ? 0 : -EINVAL;
    case FSCONFIG_SET_FD:
        return key && !value && c->aux >= 0 ? 0 : -EINVAL;
    case FSCONFIG_CMD_CREATE:
    case FSCONFIG_CMD_RECONFIGURE:
        return !key && !value && !aux ? 0 : -EINVAL;
    default:
        return -EOPNOTSUPP;
    }
}

static int read_text(char *text, vaddr_t addr)
{
    ssize_t n = copyinstr(text, addr, TEXT_MAX);

    return n == -ENAMETOOLONG ? -EINVAL : (int)MIN(n, 0);
}

static int set_option(struct file *file, const struct fsconfig *c)
{
    char *key = kmalloc(2 * TEXT_MAX);

    if (!key)
        return -ENOMEM;
    char *value = key + TEXT_MAX;
    int err = read_text(key, c->key);
    if (!err && c->value)
        err = read_text(value, c->value);
    if (!err)
        err = mount_plan_set(file, key, c->value ? value : NULL);
    kfree(key);
    return err;
}

static int run_fsconfig(struct file *file, const struct fsconfig *c)
{
    bool admin = caps_have(CAP_SYS_ADMIN);

    switch (c->command) {
    case FSCONFIG_SET_FLAG:
    case FSCONFIG_SET_STRING:
        return set_option(file, c);
    case FSCONFIG_CMD_CREATE:
        return admin ? mount_plan_make(file) : -EPERM;
    case FSCONFIG_CMD_RECONFIGURE:
        return admin ? mount_plan_change(file) : -EPERM;
    default:
        return mount_plan_refuse(file);
    }
}

SYSCALL5(fsconfig, int, fd, unsigned, command, vaddr_t, key, vaddr_t, value, int, aux)
{
    struct fsconfig c = {.command = command, .key = key, .value = value, .aux = aux};
    int err = fd < 0 ? -EINVAL : check_arguments(&c);

    if (err)
        return err;
    struct fd_ref ref = fd_get(fd);
    if (!ref.file)
        return -EBADF;
    err = run_fsconfig(ref.file, &c);
    fd_put(ref);
    return err;
}
