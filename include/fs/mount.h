/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting: which file systems there are, and which directories they hide.
 *
 * A mount puts a super in the place of a directory, in one mount namespace. Mounts stack; the newest is seen. A super
 * is mounted at most once in a namespace: there are no bind mounts. A new namespace begins with mounts of the same
 * supers in the same places; from then on each goes its own way, for nothing propagates. Paths cross the mounts
 * of the namespace of who walks them, and directories are the same everywhere: so a process that changes its
 * namespace keeps its root and current directory.
 *
 * A mount has attributes: what it holds back, whatever the files say. As a super has one mount in a namespace, an inode
 * tells through which mount the caller sees it. Files of a file system that is not mounted in the caller's namespace
 * (a descriptor came from elsewhere) are seen through one of its other mounts, or as when it last had one.
 *
 * A mutex serialises mount and umount in all namespaces; path lookup needs only the tree lock.
 */
#pragma once

#include <fs/dentry.h>
#include <fs/inode.h>
#include <lib/fmt.h>

struct ns;

/* Attributes. Linux's MS_*, ST_* and MOUNT_ATTR_* have the same values. */
#define MOUNT_RDONLY 1u
#define MOUNT_NOSUID 2u /* set-id bits of programs count for nothing */
#define MOUNT_NODEV  4u /* device nodes cannot be opened */
#define MOUNT_NOEXEC 8u /* files are neither executed nor mapped as code */
#define MOUNT_ALL    (MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC)

/* Changes under the mount mutex; all but `ns`, `super` and `next` under the tree lock, too. */
struct mount {
    const struct ns *ns; /* whose end is the mount's */
    struct super *super;
    struct dentry *covered; /* the directory this hides, referenced; NULL: the namespace's root */
    struct mount *over;     /* what hides the same directory in another namespace */
    struct mount *same;     /* another mount of the same super */
    u32 attributes;
    struct mount *next; /* in the list of all, oldest first */
    bool last;          /* taken off, and the super is mounted nowhere any more */
};

/* At start-up: mount namespaces from now on. */
void mount_init(void);

/* Mounts the first root. -ENOMEM; called once at start-up. */
int mount_first(const char *type, const char *source);

/* Whether the mount through which the caller sees the inode has one of the attributes. */
static inline bool mount_has(const struct inode *inode, u32 attributes)
{
    const struct super *super = inode->super;

    return unlikely(READ_ONCE(super->any_attributes) & attributes) &&
           dentry_mount_attributes(super) & attributes;
}

static inline bool mount_is_readonly(const struct inode *inode)
{
    return inode->super->readonly || mount_has(inode, MOUNT_RDONLY);
}

/*
 * flags: Linux's MS_*. With MS_REMOUNT `options` and MS_RDONLY change the file system that is mounted there, and
 * the attributes its mount; with MS_BIND as well the mount alone. Bind mounts, moving and propagation but
 * to none: -EINVAL. The text of the options is cut up.
 */
int vfs_mount(const char *source, struct dentry *at, const char *path, const char *type,
              unsigned long flags, char *options);

/*
 * Mounts a file system that is mounted nowhere on a directory of the current namespace, with the attributes it has; it
 * then belongs to its mount.
 * -ENOTDIR; -EBUSY: something covers the directory by now; -EINVAL: it is in no mount of this namespace; -ENOENT, -ENOMEM.
 */
int mount_attach(struct super *super, struct dentry *dir);

/* flags: MNT_DETACH (2) unmounts what is in use, UMOUNT_NOFOLLOW (8). */
int vfs_umount(struct dentry *at, const char *path, unsigned flags);

/* Prints /proc/<pid>/mounts and mountinfo: what a namespace has mounted, as seen from the caller's root. */
void mount_print(const struct ns *ns, struct fmt_sink *sink);
void mount_print_info(const struct ns *ns, struct fmt_sink *sink);
