/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc: its root, in which are the files that were registered (fs/proc_tree.c), self and thread-self,
 * and a directory for each process (fs/proc_pid.c) that the PID namespace of who has mounted it sees.
 *
 * Positions in the root: 0 and 1 the dots, then registered files by their place in the list, then
 * "self" and "thread-self", then processes by pid.
 */
#include <fs/procfs.h>

#include <abi/linux/stat.h>
#include <abi/linux/statfs.h>
#include <fs/dentry.h>
#include <fs/proc_pid.h>
#include <fs/proc_tree.h>
#include <fs/super.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define POS_SELF 0x10000ul
#define POS_PIDS 0x10002ul

static struct proc_tree tree;

void procfs_add(struct proc_file *file)
{
    proc_tree_add(&tree, file);
}

/* --- self and thread-self -------------------------------------------------------------------- */

/* Where the link leads for who reads it. */
static ssize_t self_readlink(struct inode *inode, char *buf, size_t size)
{
    char text[40];
    int pid = proc_own_pid(inode->super);
    size_t n = fmt_scnprintf(text, sizeof(text), "%d", pid);

    if (!pid)
        return -ENOENT;
    if (proc_node_of(inode)->number)
        n = fmt_scnprintf(text, sizeof(text), "%d/task/%d", pid, proc_own_tid(inode->super));
    n = MIN(n, size);
    memcpy(buf, text, n);
    return (ssize_t)n;
}

static const struct inode_ops self_ops = {.readlink = self_readlink, .release = proc_node_release};

/* A node's number is its place here. */
static const char *const self_names[] = {"self", "thread-self"};

static struct inode *self_lookup(struct super *super, const char *name, size_t len)
{
    for (int i = 0; i < (int)ARRAY_SIZE(self_names); i++)
        if (len == strlen(self_names[i]) && memcmp(name, self_names[i], len) == 0)
            return proc_node_make(super, S_IFLNK | 0777, &self_ops, NULL, NULL, &self_ops, i);
    return NULL;
}

static bool emit_selves(struct file *dir, struct dirent_sink *sink)
{
    while (dir->pos < POS_PIDS) {
        int i = (int)(dir->pos - POS_SELF);
        const char *name = self_names[i];

        if (!sink->emit(sink, name, strlen(name), proc_ino(0, &self_ops, i), dir->pos + 1, S_IFLNK))
            return false;
        dir->pos++;
    }
    return true;
}

/* --- the root -------------------------------------------------------------------------------- */

/* Mounted without what belongs to no process. */
static bool pids_only(const struct super *super)
{
    return fs_config_get(&super->config, FS_OPTION_SUBSET, 0);
}

static struct inode *root_lookup(struct inode *dir, const char *name, size_t len)
{
    int pid = proc_number(name, len);

    if (pid > 0)
        return proc_pid_make(dir->super, pid); /* which hides those that are to be hidden */
    struct inode *self = self_lookup(dir->super, name, len);
    if (self)
        return self;
    return pids_only(dir->super) ? ERR_PTR(-ENOENT) : proc_tree_lookup(dir, name, len);
}

static void emit_processes(struct file *dir, struct dirent_sink *sink)
{
    const struct pid_ns *ns = proc_pid_ns(dir->inode->super);
    int pid = (int)(dir->pos - POS_PIDS);
    struct process *p;

    while ((p = process_next_in(ns, &pid))) {
        char name[16];
        u64 ino = proc_pid_ino(process_pid(p));
        size_t len = fmt_scnprintf(name, sizeof(name), "%d", pid);

        bool hidden = !proc_pid_shown(dir->inode->super, p);
        process_put(p);
        u64 next = POS_PIDS + (u64)pid;
        if (hidden) {
            dir->pos = next;
            continue;
        }
        if (!sink->emit(sink, name, len, ino, next, S_IFDIR))
            break;
        dir->pos = next;
    }
}

static int root_readdir(struct file *dir, struct dirent_sink *sink)
{
    if (!dir_emit_dots(dir, sink))
        return 0;
    if (dir->pos < POS_SELF) {
        if (!pids_only(dir->inode->super) && !proc_tree_emit(dir, sink))
            return 0;
        dir->pos = POS_SELF;
    }
    if (emit_selves(dir, sink))
        emit_processes(dir, sink);
    return 0;
}

static const struct inode_ops root_ops = {.lookup = root_lookup, .release = proc_node_release};
static const struct file_ops root_dir_ops = {.lseek = proc_dir_lseek, .readdir = root_readdir};

static int mount_proc(struct super *super)
{
    super->private = current_pid_ns();
    pid_ns_get(super->private);
    struct inode *root =
        proc_node_make(super, S_IFDIR | 0555, &root_ops, &root_dir_ops, NULL, NULL, 0);

    if (IS_ERR(root))
        return (int)PTR_ERR(root);
    super->root = dentry_make_root(root);
    return super->root ? 0 : -ENOMEM;
}

static void unmount_proc(struct super *super)
{
    if (super->private) /* the mount may have failed before */
        pid_ns_put(super->private);
}

#define OPTIONS (BIT(FS_OPTION_HIDEPID) | BIT(FS_OPTION_GID) | BIT(FS_OPTION_SUBSET))

static struct proc_tree tree = {.type = {.name = "proc",
                                         .nodev = true,
                                         .options = OPTIONS,
                                         .changeable = OPTIONS,
                                         .magic = PROC_SUPER_MAGIC,
                                         .mount = mount_proc,
                                         .unmount = unmount_proc}};

void procfs_init(void)
{
    fs_type_register(&tree.type);
}
