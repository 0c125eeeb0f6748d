/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/<pid>, for the files under fs/proc* alone. */
#pragma once

#include <fs/proc_node.h>

/* The directory of a process, which must exist; ERR_PTR(-ENOENT, -ENOMEM). */
struct inode *proc_pid_make(struct super *super, int pid);
u64 proc_pid_ino(int pid);

/* The directory /proc/<pid>/fd. */
struct inode *proc_fd_dir_make(struct super *super, struct process *process);
u64 proc_fd_dir_ino(int pid);

/* Contents of files (fs/proc_status.c, fs/proc_space.c); seq->private is the process. */
int proc_show_stat(struct seq *seq);
int proc_show_statm(struct seq *seq);
int proc_show_status(struct seq *seq);
int proc_show_cmdline(struct seq *seq);
int proc_show_environ(struct seq *seq);
int proc_show_maps(struct seq *seq);
int proc_show_pagetable(struct seq *seq);
