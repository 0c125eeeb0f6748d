/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes and mounted file systems: what a file is, apart from its names.
 *
 * An inode lives while somebody holds a reference: each of its dentries, each open file without
 * a dentry (pipes), each mapping. At the last reference the file system's release() frees it.
 * nlink counts names only. Every live inode holds its super.
 *
 * Fields without a note are plain words that are written by one store; a reader may see an old
 * value but never a torn one. Times are nanoseconds since 1970.
 */
#pragma once

#include <base/mutex.h>
#include <fs/fs_config.h>
#include <lib/types.h>

struct dentry;
struct file;
struct file_ops;
struct fs_type;
struct inode;
struct kstatfs;
struct mount;
struct pager;
struct seals;

/* What a directory is asked when it does not keep its entries as dentries (/proc). */
struct inode_ops {
    /*
     * Finds `name` in directory `dir` and returns a new inode with one reference, or ERR_PTR.
     * NULL for directories whose tree of dentries is complete.
     */
    struct inode *(*lookup)(struct inode *dir, const char *name, size_t len);

    /*
     * Makes an inode of `mode` for this file system (not yet in any directory), or ERR_PTR.
     * `target` is a symbolic link's. NULL: nothing can be made here (-EPERM).
     */
    struct inode *(*make)(struct inode *dir, u32 mode, u32 rdev, const char *target);

    /* Copies a symbolic link's target, not terminated; its length or -ENAMETOOLONG/-Exxx. */
    ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);

    /*
     * Symbolic links that are more than text (/proc/<pid>/exe): where the link leads, referenced,
     * or ERR_PTR. NULL: the text decides.
     */
    struct dentry *(*jump)(struct inode *inode);

    /* Sets a regular file's size: frames behind it go, the tail of the last one is zeroed. */
    int (*truncate)(struct inode *inode, u64 size);

    /* The file's seals (see <fs/seals.h>). NULL: it cannot have any. */
    struct seals *(*seals)(struct inode *inode);

    /* Length of a regular file, and frames it holds; NULL: inode->size, 0. */
    u64 (*size)(struct inode *inode);
    u64 (*pages)(struct inode *inode);

    /* The last reference is gone: frees the inode. */
    void (*release)(struct inode *inode);
};

struct super {
    const struct fs_type *type;
    struct dentry *root;  /* one reference */
    struct mount *mounts; /* where it is mounted, once in a namespace; see <fs/mount.h> */
    char *source;         /* as given to mount(2) */
    u64 next_ino;
    struct fs_config config; /* the options in force; fs/super.c changes them */
    u64 pages, inodes;       /* what files hold, where the type counts; atomic */
    void *private;           /* the type's own, for it to set in mount() and free in unmount() */
    u32 refs;                /* mounted: 1; each inode: 1 */
    u32 dev;                 /* st_dev */
    u32 attributes; /* MOUNT_*, while it is mounted nowhere; under the tree lock, like the next one */
    u32 any_attributes; /* what any of its mounts has; read without a lock */
    bool readonly;      /* as a whole, however it is mounted */
    bool nowhere;       /* never mounted: paths in it begin at its root */
};

struct inode {
    const struct inode_ops *ops;
    const struct file_ops *file_ops;
    struct super *super;
    u64 ino;
    u64 size; /* bytes, where ops->size is NULL */
    u64 atime, mtime, ctime;
    u32 mode; /* S_IF* and permissions */
    u32 nlink;
    u32 uid, gid;
    u32 rdev; /* devices: DEV(major, minor) */
    u32 refs;
    bool record_locked;   /* may have record locks; guarded by their lock */
    bool linkable;        /* O_TMPFILE: may get a name though it has none */
    struct dentry *alias; /* one of its names, not referenced; guarded by the tree lock */
    void *private;        /* the file system's or the device's */
    struct mutex lock;    /* one writer of contents at a time; before any lock of mm */
};

struct fs_type {
    const char *name;
    struct fs_type *next;
    bool nodev;     /* for /proc/filesystems: needs no disk */
    bool alone;     /* all mounts of it look the same: on top of each other is -EBUSY */
    bool in_memory; /* statfs shows the memory that is left */
    bool fixed;     /* its inodes are shared by many files: nobody changes owner, mode or times */
    bool lenient;   /* options that it does not know are ignored */
    u32 options;    /* BIT(enum fs_option) of those that it knows */
    u32 changeable; /* those of them that a remount can change */
    u32 magic;      /* statfs: f_type */
    /* Fills super->root with a referenced dentry, as super->config says. 0 or -Exxx. */
    int (*mount)(struct super *super);
    /* The last reference is gone. Also after a mount() that failed. NULL: nothing to do. */
    void (*unmount)(struct super *super);
};

/* statfs(2), in blocks of one page. */
struct kstatfs {
    u64 type, block_size, blocks, free, files, files_free, name_max;
    u32 dev, attributes; /* MOUNT_* */
};

/* stat(2), before the system call layer gives it the shape that was asked for. */
struct kstat {
    u64 ino, size, blocks; /* blocks of 512 bytes */
    u64 atime, mtime, ctime;
    u32 mode, nlink, uid, gid;
    u32 dev, rdev, block_size;
};

/*
 * Initialises the common part: one reference, nlink 1 (2 for directories), times now, the calling
 * thread's user and group, the super's next number. The caller has filled nothing yet. Cannot fail.
 */
void inode_init(struct inode *inode, struct super *super, u32 mode);

/* References to a super; put frees it at the last. */
struct super *super_get(struct super *super);
void super_put(struct super *super);

/*
 * Counts `n` more pages, or one more inode, against the super's limits. False: the limit would be passed, and
 * nothing was counted. The reverse cannot fail. No locks.
 */
bool super_charge_pages(struct super *super, u64 n);
void super_uncharge_pages(struct super *super, u64 n);
bool super_charge_inode(struct super *super);
void super_uncharge_inode(struct super *super);

/* References. inode_put of the last one may sleep and frees; NULL is allowed. */
struct inode *inode_get(struct inode *inode);
void inode_put(struct inode *inode);

u64 inode_size(struct inode *inode);
void inode_stat(struct inode *inode, struct kstat *out);

/* Sets mtime and ctime (contents changed), or ctime alone. */
void inode_modified(struct inode *inode);
void inode_changed(struct inode *inode);

/* Encoded as in Linux's 32-bit dev_t. */
#define DEV(major, minor) \
    (((u32)(minor)&0xff) | ((u32)(major) << 8) | (((u32)(minor) & ~0xffu) << 12))
#define DEV_MAJOR(dev) ((dev) >> 8 & 0xfff)
#define DEV_MINOR(dev) (((dev)&0xff) | ((dev) >> 12 & 0xfff00))
