/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/<pid>/fd: a link for each open descriptor. A node's `number` is the descriptor; the
 * position in the directory is 2 plus it.
 */
#include <fs/proc_pid.h>

#include <abi/linux/limits.h>
#include <abi/linux/stat.h>
#include <fs/anon.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <fs/fscontext.h>
#include <fs/nsfs.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <mm/slab.h>

/* Tell the kinds of nodes apart by inode number. */
static const char dir_tag, link_tag;

/*
 * The file behind a link, referenced, or an error. The directory's owner says who may come in; but the process
 * may have become somebody else since then.
 */
static struct file *file_of(struct inode *inode)
{
    struct process *p = proc_node_process(inode);
    int number = proc_node_of(inode)->number;
    struct file *file = NULL;

    if (p && permit_look(p))
        return ERR_PTR(-EACCES);
    if (p && fd_next_of(p, proc_node_of(inode)->tid, number, &file) != number && file) {
        file_put(file);
        file = NULL;
    }
    return file ? file : ERR_PTR(-ENOENT);
}

/* A pipe or a socket has no name to go to: a dentry of its own stands in. */
static struct dentry *fd_jump(struct inode *inode)
{
    struct file *file = file_of(inode);

    if (IS_ERR(file))
        return (void *)file;
    struct dentry *d =
        file->dentry ? dentry_get(file->dentry) : dentry_make_root(inode_get(file->inode));
    file_put(file);
    return d ? d : ERR_PTR(-ENOMEM);
}

/* What the link shows: the path of the file, or what it is. In a buffer of PATH_MAX. */
static char *describe(struct file *file, char *buf)
{
    const char *kind = anon_name(file);

    if (kind) {
        fmt_snprintf(buf, PATH_MAX, "anon_inode:%s", kind);
        return buf;
    }
    if (!file->dentry) {
        fmt_snprintf(buf, PATH_MAX, "%s:[%lu]", S_ISSOCK(file->inode->mode) ? "socket" : "pipe",
                     file->inode->ino);
        return buf;
    }
    if (nsfs_ns_of_file(file)) {
        nsfs_name(nsfs_ns_of_file(file), buf, PATH_MAX);
        return buf;
    }
    struct dentry *root = fs_root();
    char *path = dentry_path(file->dentry, root, buf, PATH_MAX, true);
    dentry_put(root);
    return path;
}

static ssize_t fd_readlink(struct inode *inode, char *buf, size_t size)
{
    struct file *file = file_of(inode);

    if (IS_ERR(file))
        return PTR_ERR(file);
    char *text = kmalloc(PATH_MAX);
    ssize_t n = -ENOMEM;
    if (text) {
        char *path = describe(file, text);
        n = IS_ERR(path) ? PTR_ERR(path) : (ssize_t)MIN(strlen(path), size);
        if (n > 0)
            memcpy(buf, path, (size_t)n);
    }
    kfree(text);
    file_put(file);
    return n;
}

static const struct inode_ops link_ops = {
    .readlink = fd_readlink, .jump = fd_jump, .release = proc_node_release};

bool proc_fd_is_open(struct inode *dir, int fd)
{
    struct process *p = proc_node_process(dir);
    struct file *file = NULL;
    bool open = p && fd >= 0 && fd_next_of(p, proc_node_of(dir)->tid, fd, &file) == fd;

    if (file)
        file_put(file);
    return open;
}

static struct inode *fd_lookup(struct inode *dir, const char *name, size_t len)
{
    const struct proc_node *node = proc_node_of(dir);
    int fd = proc_number(name, len);

    if (!proc_fd_is_open(dir, fd))
        return ERR_PTR(-ENOENT);
    struct inode *link =
        proc_node_make(dir->super, S_IFLNK | 0700, &link_ops, NULL, node->process, &link_tag, fd);
    return proc_node_of_thread(link, node->tid);
}

int proc_fd_emit(struct file *dir, struct dirent_sink *sink, const void *what, u32 mode)
{
    struct process *p = proc_node_process(dir->inode);
    int tid = proc_node_of(dir->inode)->tid;
    struct file *file;
    int fd;

    if (!p)
        return -ENOENT;
    if (!dir_emit_dots(dir, sink))
        return 0;
    while ((fd = fd_next_of(p, tid, (int)(dir->pos - 2), &file)) >= 0) {
        char name[16];
        size_t len = fmt_scnprintf(name, sizeof(name), "%d", fd);
        u64 ino = proc_ino(tid ? tid : process_pid(p), what, fd);

        file_put(file);
        if (!sink->emit(sink, name, len, ino, (u64)fd + 3, mode))
            break;
        dir->pos = (u64)fd + 3;
    }
    return 0;
}

static int fd_readdir(struct file *dir, struct dirent_sink *sink)
{
    return proc_fd_emit(dir, sink, &link_tag, S_IFLNK);
}

static const struct inode_ops fd_dir_ops = {.lookup = fd_lookup, .release = proc_node_release};
static const struct file_ops fd_file_ops = {.lseek = proc_dir_lseek, .readdir = fd_readdir};

u64 proc_fd_dir_ino(int pid)
{
    return proc_ino(pid, &dir_tag, 0);
}

struct inode *proc_fd_dir_make(struct super *super, struct process *process)
{
    return proc_node_make(super, S_IFDIR | 0500, &fd_dir_ops, &fd_file_ops, process, &dir_tag, 0);
}
