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
 * A mutex serialises mount and umount in all namespaces; path lookup needs only the tree lock.
 */
#pragma once

#include <fs/inode.h>
#include <lib/fmt.h>

struct dentry;
struct ns;

/* Changes under the mount mutex; `over`, `same` and `covered` under the tree lock, too. */
struct mount {
    const struct ns *ns; /* whose end is the mount's */
    struct super *super;
    struct dentry *covered; /* the directory this hides, referenced; NULL: the namespace's root */
    struct mount *over;     /* what hides the same directory in another namespace */
    struct mount *same;     /* another mount of the same super */
    struct mount *next;     /* in the list of all, oldest first */
    bool last;              /* taken off, and the super is mounted nowhere any more */
};

/* At start-up: mount namespaces from now on. */
void mount_init(void);

/* Mounts the first root. -ENOMEM; called once at start-up. */
int mount_first(const char *type, const char *source);

/*
 * flags: Linux's MS_*; with MS_REMOUNT `options` and MS_RDONLY change what is mounted there. Bind, move and
 * propagation: -EINVAL. The text of the options is cut up.
 */
int vfs_mount(const char *source, struct dentry *at, const char *path, const char *type,
              unsigned long flags, char *options);

/*
 * Mounts a file system that is mounted nowhere on a directory of the current namespace; it then belongs to its mount.
 * -ENOTDIR; -EBUSY: something covers the directory by now; -EINVAL: it is in no mount of this namespace; -ENOENT, -ENOMEM.
 */
int mount_attach(struct super *super, struct dentry *dir);

/* flags: MNT_DETACH (2) unmounts what is in use, UMOUNT_NOFOLLOW (8). */
int vfs_umount(struct dentry *at, const char *path, unsigned flags);

/* Prints /proc/<pid>/mounts and mountinfo: what a namespace has mounted, as seen from the caller's root. */
void mount_print(const struct ns *ns, struct fmt_sink *sink);
void mount_print_info(const struct ns *ns, struct fmt_sink *sink);
