/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/<pid>/ns: a link for each kind of namespace. A node's `what` is a row of the table; the position in the
 * directory is 2 plus it.
 */
#include <fs/proc_pid.h>

#include <abi/linux/stat.h>
#include <fs/dentry.h>
#include <fs/nsfs.h>
#include <kernel/cred.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <lib/string.h>

static const struct ns_link {
    const char *name;
    enum ns_type type;
    bool
        of_itself; /* the PID namespace where it lives: another one may be meant for its children */
} links[] = {
    {"ipc", NS_IPC, false},
    {"mnt", NS_MNT, false},
    {"net", NS_NET, false},
    {"pid", NS_PID, true},
    {"pid_for_children", NS_PID, false},
    {"uts", NS_UTS, false},
};

static const char dir_tag;

/* What there is only one of has no link, as on a Linux without that kind. */
static bool exists(const struct ns_link *link)
{
    return ns_flags() & ns_flag(link->type);
}

/* As on Linux, one for children is not shown before it has an init. */
static bool is_shown(const struct ns *ns)
{
    return ns->type != NS_PID || READ_ONCE(pid_ns_of(ns)->init);
}

/* The namespace behind a link, referenced, or an error: they are for who may look into the process. */
static struct ns *ns_of(struct inode *inode)
{
    struct process *p = proc_node_process(inode);
    const struct ns_link *link = proc_node_of(inode)->what;

    if (p && permit_look(p))
        return ERR_PTR(-EACCES);
    struct ns *ns = p ? process_ns(p, link->type) : NULL;

    if (ns && link->of_itself) {
        ns_put(ns);
        ns = ns_get(p->pid_ns->ns);
    }
    if (!ns)
        return ERR_PTR(-ENOENT);
    if (is_shown(ns))
        return ns;
    ns_put(ns);
    return ERR_PTR(-ENOENT);
}

static struct dentry *link_jump(struct inode *inode)
{
    struct ns *ns = ns_of(inode);

    if (IS_ERR(ns))
        return (void *)ns;
    struct dentry *d = nsfs_dentry(ns);
    ns_put(ns);
    return d;
}

static ssize_t link_readlink(struct inode *inode, char *buf, size_t size)
{
    char text[32];
    struct ns *ns = ns_of(inode);

    if (IS_ERR(ns))
        return PTR_ERR(ns);
    size_t n = MIN(nsfs_name(ns, text, sizeof(text)), size);
    ns_put(ns);
    memcpy(buf, text, n);
    return (ssize_t)n;
}

static const struct inode_ops link_ops = {
    .readlink = link_readlink, .jump = link_jump, .release = proc_node_release};

static struct inode *dir_lookup(struct inode *dir, const char *name, size_t len)
{
    struct process *p = proc_node_process(dir);

    for (unsigned i = 0; p && i < ARRAY_SIZE(links); i++) {
        const struct ns_link *link = &links[i];

        if (strlen(link->name) == len && memcmp(link->name, name, len) == 0 && exists(link))
            return proc_node_make(dir->super, S_IFLNK | 0777, &link_ops, NULL, p, link, 0);
    }
    return ERR_PTR(-ENOENT);
}

static int dir_readdir(struct file *dir, struct dirent_sink *sink)
{
    struct process *p = proc_node_process(dir->inode);

    if (!p)
        return -ENOENT;
    if (!dir_emit_dots(dir, sink))
        return 0;
    for (; dir->pos < 2 + ARRAY_SIZE(links); dir->pos++) {
        const struct ns_link *link = &links[dir->pos - 2];
        u64 ino = proc_ino(process_pid(p), link, 0);

        if (exists(link) &&
            !sink->emit(sink, link->name, strlen(link->name), ino, dir->pos + 1, S_IFLNK))
            break;
    }
    return 0;
}

static const struct inode_ops dir_ops = {.lookup = dir_lookup, .release = proc_node_release};
static const struct file_ops ns_dir_file_ops = {.lseek = proc_dir_lseek, .readdir = dir_readdir};

u64 proc_ns_dir_ino(int pid)
{
    return proc_ino(pid, &dir_tag, 0);
}

struct inode *proc_ns_dir_make(struct super *super, struct process *process)
{
    return proc_node_make(super, S_IFDIR | 0511, &dir_ops, &ns_dir_file_ops, process, &dir_tag, 0);
}
