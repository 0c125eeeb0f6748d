/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/<pid>/fdinfo: a file for each open descriptor, with its position, its flags, and what its kind of file
 * adds. A node's `number` is the descriptor; the position in the directory is 2 plus it.
 */
#include <fs/proc_pid.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <lib/fmt.h>

/* Tell the kinds of nodes apart by inode number. */
static const char dir_tag, file_tag;

static void print_file(struct seq *seq, struct file *file)
{
    seq_print(seq, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n", READ_ONCE(file->pos),
              READ_ONCE(file->flags), DEV_MINOR(file->inode->super->dev), file->inode->ino);
    if (file->ops->show_info)
        file->ops->show_info(file, &seq->sink);
}

static int show_info(struct seq *seq)
{
    const struct proc_node *node = seq->private;
    struct file *file = NULL;

    if (permit_look(node->process)) /* as for the links in fd */
        return -EACCES;
    bool open = fd_next_of(node->process, node->tid, node->number, &file) == node->number;

    if (open)
        print_file(seq, file);
    if (file)
        file_put(file);
    return open ? 0 : -ENOENT;
}

static int info_open(struct file *file)
{
    int err = seq_open(file, show_info);

    if (!err)
        ((struct seq *)file->private)->private = proc_node_of(file->inode);
    return err;
}

static const struct file_ops info_ops = {
    .open = info_open,
    .release = seq_release,
    .read = seq_read,
    .lseek = file_lseek_regular,
};

static struct inode *fdinfo_lookup(struct inode *dir, const char *name, size_t len)
{
    const struct proc_node *node = proc_node_of(dir);
    int fd = proc_number(name, len);

    if (!proc_fd_is_open(dir, fd))
        return ERR_PTR(-ENOENT);
    struct inode *file = proc_node_make(dir->super, S_IFREG | 0400, &proc_plain_ops, &info_ops,
                                        node->process, &file_tag, fd);
    return proc_node_of_thread(file, node->tid);
}

static int fdinfo_readdir(struct file *dir, struct dirent_sink *sink)
{
    return proc_fd_emit(dir, sink, &file_tag, S_IFREG);
}

static const struct inode_ops dir_ops = {.lookup = fdinfo_lookup, .release = proc_node_release};
static const struct file_ops fdinfo_dir_ops = {.lseek = proc_dir_lseek, .readdir = fdinfo_readdir};

u64 proc_fdinfo_dir_ino(int pid)
{
    return proc_ino(pid, &dir_tag, 0);
}

struct inode *proc_fdinfo_dir_make(struct super *super, struct process *process)
{
    return proc_node_make(super, S_IFDIR | 0500, &dir_ops, &fdinfo_dir_ops, process, &dir_tag, 0);
}
