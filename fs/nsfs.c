/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Namespaces as files (see include/fs/nsfs.h). An inode is made for each opening and has the namespace's
 * number as its own, so that stat says which are the same. No locks: what it holds does not change.
 */
#include <fs/nsfs.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/nsfs.h>
#include <abi/linux/stat.h>
#include <abi/linux/statfs.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <kernel/pid_ns.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <mm/slab.h>

static const struct fs_type nsfs_type = {
    .name = "nsfs", .nodev = true, .fixed = true, .magic = NSFS_MAGIC};
static struct super nsfs_super = {
    .type = &nsfs_type, .refs = 1, .next_ino = 1, .dev = DEV(0, 253), .nowhere = true};

static void release(struct inode *inode)
{
    ns_put(inode->private);
    kfree(inode);
}

/* The PID namespace above, if the caller can see it. */
static long open_parent(const struct ns *ns)
{
    struct pid_ns *parent = pid_ns_of(ns)->parent;

    if (!parent || !pid_ns_is_within(parent, current_pid_ns()))
        return -EPERM;
    struct dentry *d = nsfs_dentry(parent->ns);
    if (IS_ERR(d))
        return PTR_ERR(d);
    struct file *file = file_open(d->inode, d, O_RDONLY);
    dentry_put(d);
    if (IS_ERR(file))
        return PTR_ERR(file);
    int fd = fd_install(file, 0, O_CLOEXEC);
    if (fd < 0)
        file_put(file);
    return fd;
}

/* Nobody owns a namespace here, and those for pids alone contain others. */
static long ns_ioctl(struct file *file, unsigned cmd, vaddr_t arg)
{
    const struct ns *ns = file->inode->private;

    (void)arg;
    switch (cmd) {
    case NS_GET_NSTYPE:
        return (long)ns_flag(ns->type);
    case NS_GET_PARENT:
        return ns->type == NS_PID ? open_parent(ns) : -EINVAL;
    default:
        return -ENOTTY;
    }
}

static const struct inode_ops inode_ops = {.release = release};
static const struct file_ops file_ops = {.lseek = file_lseek_null, .ioctl = ns_ioctl};

struct dentry *nsfs_dentry(struct ns *ns)
{
    struct inode *inode = kzalloc(sizeof(*inode));

    if (!inode)
        return ERR_PTR(-ENOMEM);
    inode_init(inode, &nsfs_super, S_IFREG | 0444);
    inode->ops = &inode_ops;
    inode->file_ops = &file_ops;
    inode->ino = ns->id;
    inode->private = ns_get(ns);
    struct dentry *d = dentry_make_root(inode);
    return d ? d : ERR_PTR(-ENOMEM);
}

struct ns *nsfs_ns_of(const struct inode *inode)
{
    return inode->super == &nsfs_super ? inode->private : NULL;
}

struct ns *nsfs_ns_of_file(const struct file *file)
{
    return nsfs_ns_of(file->inode);
}

size_t nsfs_name(const struct ns *ns, char *buf, size_t size)
{
    return fmt_scnprintf(buf, size, "%s:[%u]", ns_name(ns->type), ns->id);
}
