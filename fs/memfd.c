/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files in memory that no directory knows (memfd_create): an inode of the in-memory file system, in a file system of
 * their own that is mounted nowhere.
 *
 * Such a file's dentry is a removed name of that root from the start, so that paths show it as
 * "/memfd:name (deleted)" and /proc/<pid>/fd can open it again.
 */
#include <fs/memfd.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <abi/linux/statfs.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/ramfs.h>
#include <lib/err.h>
#include <lib/string.h>

static const struct fs_type memfd_type = {
    .name = "memfd", .nodev = true, .in_memory = true, .magic = TMPFS_MAGIC};
static struct super memfd_super = {
    .type = &memfd_type, .refs = 1, .next_ino = 1, .dev = DEV(0, 254), .nowhere = true};

int memfd_init(void)
{
    return ramfs_mount_root(&memfd_super, 0700);
}

struct file *memfd_open(const char *name, u32 mode, u32 seals)
{
    struct inode *inode = ramfs_make_file(&memfd_super, S_IFREG | mode, name, seals);

    if (IS_ERR(inode))
        return ERR_PTR(PTR_ERR(inode));
    struct dentry *d = dentry_make(memfd_super.root, name, strlen(name), inode);
    if (!d)
        return ERR_PTR(-ENOMEM);
    d->dead = true;
    struct file *file = file_open(inode, d, O_RDWR);
    dentry_put(d);
    return file;
}
