/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes of /proc, for the files under fs/proc* alone. A node may belong to a process, on which it
 * holds a reference; what else it stands for is up to whoever made it.
 */
#pragma once

#include <fs/file.h>
#include <fs/inode.h>
#include <fs/seq.h>
#include <kernel/pid_ns.h>

struct proc_node {
    struct inode inode;
    struct process *process; /* referenced, or NULL */
    const void *what;
    int number;
    int tid; /* below /proc/PID/task: of the thread whose it is; else 0 */
};

static inline struct proc_node *proc_node_of(struct inode *inode)
{
    return container_of(inode, struct proc_node, inode);
}

/*
 * A new inode, one reference, or ERR_PTR(-ENOMEM). Takes its own reference on the process.
 * `ops` must have proc_node_release as its release operation.
 */
struct inode *proc_node_make(struct super *super, u32 mode, const struct inode_ops *ops,
                             const struct file_ops *file_ops, struct process *process,
                             const void *what, int number);
void proc_node_release(struct inode *inode);

/* Makes a new node that of a thread; tid 0 changes nothing. Passes ERR_PTR on. */
struct inode *proc_node_of_thread(struct inode *inode, int tid);

/* inode_ops of nodes without anything special. */
extern const struct inode_ops proc_plain_ops;

/* The inode number of such a node: the same each time it is looked up. */
u64 proc_ino(int pid, const void *what, int number);

/* The PID namespace whose processes a /proc shows, by their numbers there: that of who has mounted it. */
static inline struct pid_ns *proc_pid_ns(const struct super *super)
{
    return super->private;
}

/* The number of the current process in that namespace, and of its current thread; 0: it is not seen there. */
int proc_own_pid(const struct super *super);
int proc_own_tid(const struct super *super);

/* The number that an id has there; 0: it has none. */
int proc_shown(const struct super *super, int id);

/* What a thread of p that it calls `tid` is called there, and the reverse. 0: it is not seen, there is none. */
int proc_shown_tid(const struct super *super, const struct process *p, int tid);
int proc_meant_tid(const struct super *super, const struct process *p, int tid);

/* The process of a node, if it has not been reaped, else NULL. Borrowed from the node. */
struct process *proc_node_process(struct inode *inode);

/* lseek and read of directories. */
s64 proc_dir_lseek(struct file *file, s64 offset, int whence);

/* The number that a name spells (no sign, no leading zero), or -1. */
int proc_number(const char *name, size_t len);

/* A text that was written, copied and cut of its last newline: its length or an error. */
ssize_t proc_copy_text(struct iobuf *from, char *text, size_t size);
