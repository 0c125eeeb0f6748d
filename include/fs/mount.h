/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting: which file systems there are, and which directories they hide.
 *
 * A mount is a super with a covered directory. Mounts stack; the newest is seen. There are no
 * bind mounts. A mutex serialises mount and umount; path lookup needs only the tree lock.
 */
#pragma once

#include <fs/inode.h>
#include <lib/fmt.h>

/* Mounts the first root. -ENOMEM; called once at start-up. */
int mount_first(const char *type, const char *source);

/*
 * flags: Linux's MS_*; with MS_REMOUNT `options` and MS_RDONLY change what is mounted there. Bind, move and
 * propagation: -EINVAL. The text of the options is cut up.
 */
int vfs_mount(const char *source, struct dentry *at, const char *path, const char *type,
              unsigned long flags, char *options);

/*
 * Mounts a file system that is mounted nowhere, which then belongs to its mount. -ENOTDIR; -EBUSY: something covers
 * the directory by now; -EINVAL: it is in no tree of mounts; -ENOENT.
 */
int mount_attach(struct super *super, struct dentry *dir);

/* flags: MNT_DETACH (2) unmounts what is in use, UMOUNT_NOFOLLOW (8). */
int vfs_umount(struct dentry *at, const char *path, unsigned flags);

/* Prints /proc/mounts and /proc/<pid>/mountinfo. */
void mount_print(struct fmt_sink *sink);
void mount_print_info(struct fmt_sink *sink);
