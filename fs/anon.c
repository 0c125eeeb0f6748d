/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files without a file system (see include/fs/anon.h). No locks: nothing here changes but the counts of
 * references, which are atomic, and a kind's own never goes.
 */
#include <fs/anon.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/statfs.h>
#include <fs/fdtable.h>
#include <lib/errno.h>

static const struct fs_type anon_type = {
    .name = "anon_inodefs", .nodev = true, .fixed = true, .magic = ANON_INODE_FS_MAGIC};
struct super anon_super = {.type = &anon_type, .refs = 1, .next_ino = 1, .dev = DEV(0, 254)};

const struct inode_ops anon_inode_ops = {0};

/* Such a file has no second life through /proc/<pid>/fd. */
static int refuse_open(struct file *file)
{
    (void)file;
    return -ENXIO;
}

const struct file_ops anon_unopenable = {.open = refuse_open};

struct file *anon_file(struct anon_kind *kind, void *private, unsigned flags)
{
    return file_make(&kind->inode, kind->ops, private, flags & ~(unsigned)O_CLOEXEC);
}

int anon_install(struct anon_kind *kind, void *private, unsigned flags)
{
    int fd = fd_reserve(0, flags & O_CLOEXEC);
    struct file *file;

    if (fd < 0)
        return fd;
    file = anon_file(kind, private, flags);
    if (!file) {
        fd_cancel(fd);
        return -ENOMEM;
    }
    fd_fill(fd, file);
    return fd;
}

const char *anon_name(const struct file *file)
{
    const struct anon_kind *kind = file->inode->private;

    return file->inode->super == &anon_super ? kind->name : NULL;
}
