/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/<pid>, for the files under fs/proc* alone. */
#pragma once

#include <fs/proc_node.h>

/*
 * Whether the mount option hidepid= lets the caller see that a process exists, and look into its directory. Takes
 * process_lock.
 */
bool proc_pid_shown(const struct super *super, struct process *p);
bool proc_pid_open(const struct super *super, struct process *p);

/*
 * The directory of a process by its number in the super's namespace, which must exist and be shown;
 * ERR_PTR(-ENOENT, -ENOMEM).
 */
struct inode *proc_pid_make(struct super *super, int pid);
u64 proc_pid_ino(int pid);

/* The directory /proc/<pid>/fd. */
struct inode *proc_fd_dir_make(struct super *super, struct process *process);
u64 proc_fd_dir_ino(int pid);
/* Whether `fd` is open, for lookups in this and fdinfo. */
bool proc_fd_is_open(struct inode *dir, int fd);
/* Emits an entry for each open descriptor; `what` and `mode` are those of their nodes. 0 or -ENOENT. */
int proc_fd_emit(struct file *dir, struct dirent_sink *sink, const void *what, u32 mode);

/* The directories /proc/<pid>/fdinfo, map_files and ns. */
struct inode *proc_fdinfo_dir_make(struct super *super, struct process *process);
u64 proc_fdinfo_dir_ino(int pid);
struct inode *proc_map_files_make(struct super *super, struct process *process);
u64 proc_map_files_ino(int pid);
struct inode *proc_ns_dir_make(struct super *super, struct process *process);
u64 proc_ns_dir_ino(int pid);

/*
 * For show functions: seq->private is the file's node, whose number is the tid below
 * /proc/<pid>/task, as the process itself sees it, and 0 elsewhere.
 */
static inline const struct super *proc_seq_super(const struct seq *seq)
{
    const struct proc_node *node = seq->private;

    return node->inode.super;
}

static inline struct process *proc_seq_process(const struct seq *seq)
{
    const struct proc_node *node = seq->private;

    return node->process;
}

static inline int proc_seq_tid(const struct seq *seq)
{
    const struct proc_node *node = seq->private;

    return node->number;
}

struct uvm;
struct uvm_region_info;

/* What maps calls a region: buf, or a constant. For fn of uvm_for_each_region(). */
const char *proc_region_name(struct uvm *uvm, const struct uvm_region_info *region, char *buf,
                             size_t size);

/* The line of a region in maps and smaps. For fn of uvm_for_each_region(). */
void proc_print_region(struct seq *seq, struct uvm *uvm, const struct uvm_region_info *region);

/* Contents of files (fs/proc_status.c, fs/proc_space.c, fs/proc_smaps.c, fs/proc_limits.c, fs/proc_sleep.c, fs/proc_oom.c). */
int proc_show_stat(struct seq *seq);
int proc_show_statm(struct seq *seq);
int proc_show_status(struct seq *seq);
int proc_show_cmdline(struct seq *seq);
int proc_show_environ(struct seq *seq);
int proc_show_auxv(struct seq *seq);
int proc_show_maps(struct seq *seq);
int proc_show_smaps(struct seq *seq);
int proc_show_smaps_rollup(struct seq *seq);
int proc_show_limits(struct seq *seq);
int proc_show_syscall(struct seq *seq);
int proc_show_wchan(struct seq *seq);
int proc_show_oom_score(struct seq *seq);
int proc_show_oom_score_adj(struct seq *seq);
/* What was written, terminated: 0 or -EINVAL. */
int proc_store_oom_score_adj(struct process *p, int tid, const char *text);
int proc_show_pagetable(struct seq *seq);

/* Files that are no text (fs/proc_pagemap.c). */
extern const struct file_ops proc_pagemap_ops;
