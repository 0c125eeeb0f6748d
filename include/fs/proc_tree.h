/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file system of registered files (include/fs/procfs.h's struct proc_file), for the files under
 * fs/proc* and fs/sysfs.c. Directories are prefixes of registered paths and need no entry of their own.
 */
#pragma once

#include <fs/proc_node.h>
#include <fs/procfs.h>

struct proc_tree {
    struct fs_type type; /* mount: proc_tree_mount(), or one that makes another root */
    struct proc_file *files;
};

/* Makes a file known, at start-up; the struct must stay for ever. */
void proc_tree_add(struct proc_tree *tree, struct proc_file *file);

/* fs_type.mount for a tree whose root holds nothing but registered files. */
int proc_tree_mount(struct super *super);

/* The file or directory of that name in a directory, a new inode; ERR_PTR(-ENOENT, -ENOMEM). */
struct inode *proc_tree_lookup(struct inode *dir, const char *name, size_t len);

/* Positions from here on are the registered files' in each directory; they end below 2^16. */
#define PROC_TREE_POS 2ul

/* Emits what is in the directory from dir->pos on. False: the sink is full. */
bool proc_tree_emit(struct file *dir, struct dirent_sink *sink);
