/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files by name: what the system calls with a path do, after the path is in kernel memory.
 *
 * `at` is the directory where relative paths start; NULL is the current directory. All functions
 * may sleep and return 0 or a negative error as the Linux call of that name does; -EROFS where
 * something would change on a file system mounted read-only; -EACCES, -EPERM by the rules of
 * <fs/permission.h>.
 */
#pragma once

#include <fs/inode.h>
#include <fs/path.h>

struct file;

/* Time values for vfs_utimens; anything else is nanoseconds since 1970. */
#define VFS_TIME_NOW  (~0ul)
#define VFS_TIME_OMIT (~0ul - 1)

/*
 * Opens a file; flags are O_* (see abi/linux/fcntl.h), mode applies if O_CREAT makes it, less the
 * umask. *out has one reference. O_CLOEXEC is left to fd_install().
 */
int vfs_open(struct dentry *at, const char *path, unsigned flags, unsigned mode, struct file **out);

/* Opens a program for exec: a regular file with an x bit that no mount forbids, else -EACCES. */
int vfs_open_exec(struct dentry *at, const char *path, unsigned lookup_flags, struct file **out);

int vfs_mkdir(struct dentry *at, const char *path, unsigned mode);
int vfs_mknod(struct dentry *at, const char *path, unsigned mode, u32 rdev);
int vfs_symlink(const char *target, struct dentry *at, const char *path);
int vfs_link(struct dentry *old_at, const char *old_path, struct dentry *new_at,
             const char *new_path, unsigned lookup_flags);
int vfs_unlink(struct dentry *at, const char *path);
int vfs_rmdir(struct dentry *at, const char *path);

/* flags: RENAME_NOREPLACE (1) or 0; others -EINVAL. */
int vfs_rename(struct dentry *old_at, const char *old_path, struct dentry *new_at,
               const char *new_path, unsigned flags);

/* The link's text, not terminated; returns its length, cut to size. With LOOKUP_EMPTY `at` may be it. */
ssize_t vfs_readlink(struct dentry *at, const char *path, unsigned lookup_flags, char *buf,
                     size_t size);

/* On what was looked up or opened already; the right to write has been asked for. */
int vfs_truncate(struct inode *inode, u64 size);
int vfs_chmod(struct inode *inode, u32 mode);
int vfs_chown(struct inode *inode, u32 uid, u32 gid); /* ~0u: unchanged */
int vfs_utimens(struct inode *inode, u64 atime, u64 mtime);
int vfs_statfs(struct inode *inode, struct kstatfs *out);

/* access(2), with the calling thread's eyes (see cred_of_real_user): mode is R_OK | W_OK | X_OK or 0. */
int vfs_access(struct inode *inode, unsigned mode);
