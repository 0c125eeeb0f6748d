/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The common part of all inodes, and the life of their file systems: every live inode holds its
 * super, so an unmounted file system lasts as long as its last open file.
 */
#include <fs/inode.h>

#include <abi/linux/stat.h>
#include <arch/mmu.h>
#include <base/atomic.h>
#include <kernel/cred.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <mm/slab.h>

struct super *super_get(struct super *super)
{
    atomic_add_relaxed(&super->refs, 1);
    return super;
}

void super_put(struct super *super)
{
    if (atomic_fetch_sub(&super->refs, 1) != 1)
        return;
    if (super->type->unmount)
        super->type->unmount(super);
    kfree(super->source);
    kfree(super);
}

/* A limit that is lowered meanwhile holds from the next one on. */
static bool charge(u64 *used, u64 n, u64 limit)
{
    u64 before = atomic_fetch_add(used, n);

    if (!limit || before + n <= limit)
        return true;
    atomic_fetch_sub(used, n);
    return false;
}

bool super_charge_pages(struct super *super, u64 n)
{
    return charge(&super->pages, n, fs_config_get(&super->config, FS_OPTION_SIZE, 0) / PAGE_SIZE);
}

void super_uncharge_pages(struct super *super, u64 n)
{
    atomic_fetch_sub(&super->pages, n);
}

bool super_charge_inode(struct super *super)
{
    return charge(&super->inodes, 1, fs_config_get(&super->config, FS_OPTION_INODES, 0));
}

void super_uncharge_inode(struct super *super)
{
    atomic_fetch_sub(&super->inodes, 1);
}

void inode_init(struct inode *inode, struct super *super, u32 mode)
{
    const struct cred *cred = current_cred();
    u64 now = time_realtime_ns();

    *inode = (struct inode){
        .super = super_get(super),
        .ino = atomic_fetch_add(&super->next_ino, 1),
        .atime = now,
        .mtime = now,
        .ctime = now,
        .mode = mode,
        .nlink = S_ISDIR(mode) ? 2 : 1,
        .uid = cred->user.fs,
        .gid = cred->group.fs,
        .refs = 1,
    };
    mutex_init(&inode->lock, "inode");
}

struct inode *inode_get(struct inode *inode)
{
    atomic_add_relaxed(&inode->refs, 1);
    return inode;
}

void inode_put(struct inode *inode)
{
    if (!inode || atomic_fetch_sub(&inode->refs, 1) != 1)
        return;
    struct super *super = inode->super;
    inode->ops->release(inode);
    super_put(super);
}

u64 inode_size(struct inode *inode)
{
    return inode->ops->size ? inode->ops->size(inode) : inode->size;
}

void inode_stat(struct inode *inode, struct kstat *out)
{
    u64 pages = inode->ops->pages ? inode->ops->pages(inode) : 0;

    *out = (struct kstat){
        .ino = inode->ino,
        .size = inode_size(inode),
        .blocks = pages * (PAGE_SIZE / 512),
        .atime = inode->atime,
        .mtime = inode->mtime,
        .ctime = inode->ctime,
        .mode = inode->mode,
        .nlink = inode->nlink,
        .uid = inode->uid,
        .gid = inode->gid,
        .dev = inode->super->dev,
        .rdev = inode->rdev,
        .block_size = PAGE_SIZE,
    };
}

void inode_modified(struct inode *inode)
{
    u64 now = time_realtime_ns();

    WRITE_ONCE(inode->mtime, now);
    WRITE_ONCE(inode->ctime, now);
}

void inode_changed(struct inode *inode)
{
    WRITE_ONCE(inode->ctime, time_realtime_ns());
}
