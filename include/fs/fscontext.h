/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a thread stands: its root, current directory and umask. Part THREAD_PART_FS; fork copies it, CLONE_FS shares
 * it, as the threads of a process mostly do. Kernel threads stand at the first root.
 * A spinlock per context guards the two pointers.
 */
#pragma once

#include <lib/types.h>

struct dentry;
struct process;
struct proc_part;

/* For start-up: registered as PROC_PART_FS. */
extern const struct proc_part fs_context_part;

/* The first root: set once at start-up (takes its own reference); referenced. */
void fs_set_first_root(struct dentry *root);
struct dentry *fs_first_root(void);

/* The current thread's, referenced. */
struct dentry *fs_root(void);
struct dentry *fs_cwd(void);

/*
 * Of a thread (tid 0: as process_thread_or_any) of any process, for /proc: referenced, or NULL when it has ended.
 * Takes process_lock.
 */
struct dentry *fs_root_of(struct process *process, int tid);
struct dentry *fs_cwd_of(struct process *process, int tid);

/* Whether another thread or process has the same root, directory and umask (CLONE_FS) as the current one. */
bool fs_context_is_shared(void);

u32 fs_umask(void);
u32 fs_set_umask(u32 mask); /* returns the old one */

/* chdir(2), chroot(2): dir must be a directory (-ENOTDIR); takes its own reference. */
int fs_chdir(struct dentry *dir);
int fs_chroot(struct dentry *dir);

/* getcwd(2): the path with its NUL; returns its length with the NUL, -ERANGE, -ENOENT. */
ssize_t fs_getcwd(char *buf, size_t size);
