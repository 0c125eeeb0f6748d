/* SPDX-License-Identifier: BSD-2-Clause */
/* Inodes of /proc (see include/fs/proc_node.h): made by lookups, gone with the last user. */
#include <fs/proc_node.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <fs/dentry.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <lib/hash.h>
#include <mm/slab.h>

static SLAB_CACHE(node_cache, "proc node", sizeof(struct proc_node), 8);

u64 proc_ino(int pid, const void *what, int number)
{
    u64 hash = hash_u64((u64)what ^ (u64)(u32)pid << 40 ^ (u64)(u32)number << 20);

    return (hash & 0x7fffffff) + 2;
}

void proc_node_release(struct inode *inode)
{
    struct proc_node *node = proc_node_of(inode);

    if (node->process)
        process_put(node->process);
    slab_free(&node_cache, node);
}

const struct inode_ops proc_plain_ops = {.release = proc_node_release};

/* What tells of a process belongs to who that is; of one that nobody may look into, to root. */
static void set_owner(struct inode *inode, struct process *p)
{
    inode->uid = inode->gid = 0;
    if (!p || (p->undumpable && inode->mode != (S_IFDIR | 0555)))
        return;
    struct cred *cred = cred_of_process(p, 0);
    inode->uid = cred->user.effective;
    inode->gid = cred->group.effective;
    cred_put(cred);
}

struct inode *proc_node_make(struct super *super, u32 mode, const struct inode_ops *ops,
                             const struct file_ops *file_ops, struct process *process,
                             const void *what, int number)
{
    struct proc_node *node = slab_alloc(&node_cache);

    if (!node)
        return ERR_PTR(-ENOMEM);
    inode_init(&node->inode, super, mode);
    node->inode.ops = ops;
    node->inode.file_ops = file_ops;
    set_owner(&node->inode, process);
    node->inode.ino = proc_ino(process ? process_pid(process) : 0, what, number);
    if (process)
        process_get(process);
    node->process = process;
    node->what = what;
    node->number = number;
    node->tid = 0;
    return &node->inode;
}

struct inode *proc_node_of_thread(struct inode *inode, int tid)
{
    if (IS_ERR(inode) || !tid)
        return inode;
    struct proc_node *node = proc_node_of(inode);
    node->tid = tid;
    inode->ino = proc_ino(tid, node->what, node->number);
    return inode;
}

struct process *proc_node_process(struct inode *inode)
{
    struct process *p = proc_node_of(inode)->process;

    return p && READ_ONCE(p->state) != PROCESS_REAPED ? p : NULL;
}

/* How one namespace calls what another calls `number`. */
static int translate(const struct pid_ns *from, int number, const struct pid_ns *to)
{
    irqflags_t flags;

    if (likely(from == to))
        return number;
    flags = spin_lock(&process_lock);
    number = pid_number(to, pid_id(from, number));
    spin_unlock(&process_lock, flags);
    return number;
}

int proc_own_pid(const struct super *super)
{
    return translate(current_pid_ns(), current_pid(), proc_pid_ns(super));
}

int proc_own_tid(const struct super *super)
{
    return translate(current_pid_ns(), current_thread()->tid, proc_pid_ns(super));
}

int proc_shown(const struct super *super, int id)
{
    return translate(&pid_ns_root, id, proc_pid_ns(super));
}

int proc_shown_tid(const struct super *super, const struct process *p, int tid)
{
    return translate(p->pid_ns, tid, proc_pid_ns(super));
}

int proc_meant_tid(const struct super *super, const struct process *p, int tid)
{
    return translate(proc_pid_ns(super), tid, p->pid_ns);
}

s64 proc_dir_lseek(struct file *file, s64 offset, int whence)
{
    if (whence != SEEK_SET && whence != SEEK_CUR)
        return -EINVAL;
    return file_lseek_size(file, offset, whence, 0);
}

int proc_number(const char *name, size_t len)
{
    int number = 0;

    if (!len || len > 9 || (name[0] == '0' && len > 1))
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

ssize_t proc_copy_text(struct iobuf *from, char *text, size_t size)
{
    size_t n = from->left;

    if (n >= size)
        return -EINVAL;
    int err = iobuf_read(from, text, n);
    if (err)
        return err;
    if (n && text[n - 1] == '\n')
        n--;
    text[n] = '\0';
    return (ssize_t)n;
}
