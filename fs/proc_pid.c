/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/<pid>: one table of its files and links, of which a node's `what` is a row, and one of its
 * directories. Position in the directory is 2 plus the row. In task each thread has a directory, by its
 * tid, with the same but for a few; there a file's number is the tid. After the process has been reaped, or
 * the thread has ended, every lookup and read says so (-ENOENT, -ESRCH).
 */
#include <fs/proc_pid.h>

#include <abi/linux/limits.h>
#include <abi/linux/stat.h>
#include <fs/dentry.h>
#include <fs/exe.h>
#include <fs/fscontext.h>
#include <fs/mount.h>
#include <kernel/cred.h>
#include <kernel/namespace.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/num.h>
#include <lib/string.h>
#include <mm/failalloc.h>
#include <mm/slab.h>

struct pid_entry {
    const char *name;
    u32 mode;
    bool inside; /* shows its memory: for who may look into the process */
    int (*show)(struct seq *seq);
    int (*store)(struct process *p, int tid, const char *text);
    struct dentry *(*jump)(struct process *p, int tid); /* links: where to, referenced, or NULL */
    const struct file_ops *ops;                         /* of files that are no text */
};

/* --- small contents -------------------------------------------------------------------------- */

static int show_comm(struct seq *seq)
{
    struct process *p = proc_seq_process(seq);
    int tid = proc_seq_tid(seq);
    char name[THREAD_NAME_MAX];
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *t = tid ? process_thread(p, tid) : NULL;

    memcpy(name, t ? t->name : p->comm, sizeof(name));
    spin_unlock(&process_lock, flags);
    if (tid && !t && tid != p->own_pid)
        return -ESRCH;
    seq_print(seq, "%.*s\n", (int)sizeof(name), name);
    return 0;
}

/* As on Linux, a program may name its own threads, and no others. */
static int store_comm(struct process *p, int tid, const char *text)
{
    char name[THREAD_NAME_MAX];

    if (p != current_process())
        return -EINVAL;
    strlcpy(name, text, sizeof(name));
    return process_set_name(p, tid ? tid : p->own_pid, name);
}

static int show_personality(struct seq *seq)
{
    seq_print(seq, "%08x\n", READ_ONCE(proc_seq_process(seq)->personality));
    return 0;
}

/* The mounts of the process's namespace; one that has ended is in none. */
static int show_its_mounts(struct seq *seq, void (*print)(const struct ns *, struct fmt_sink *))
{
    struct ns *ns = process_ns(proc_seq_process(seq), NS_MNT);

    if (!ns)
        return -EINVAL;
    print(ns, &seq->sink);
    ns_put(ns);
    return 0;
}

static int show_mounts(struct seq *seq)
{
    return show_its_mounts(seq, mount_print);
}

static int show_mountinfo(struct seq *seq)
{
    return show_its_mounts(seq, mount_print_info);
}

static int show_fail_nth(struct seq *seq)
{
    seq_print(seq, "%u\n", failalloc_left());
    return 0;
}

/* As Linux's fail-nth: the N-th allocation of the thread that writes N fails. */
static int store_fail_nth(struct process *p, int tid, const char *text)
{
    u64 nth;
    int err = num_parse_u64(text, 0, &nth);

    (void)p;
    (void)tid;
    if (err || nth > ~0u)
        return -EINVAL;
    failalloc_arm_thread((u32)nth);
    return 0;
}

static struct dentry *jump_exe(struct process *p, int tid)
{
    struct file *file = exe_of(p);
    struct dentry *d = file ? dentry_get(file->dentry) : NULL;

    (void)tid;

    if (file)
        file_put(file);
    return d;
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct pid_entry entries[] = {
    {.name = "stat", .mode = S_IFREG | 0444, .show = proc_show_stat},
    {.name = "statm", .mode = S_IFREG | 0444, .show = proc_show_statm},
    {.name = "status", .mode = S_IFREG | 0444, .show = proc_show_status},
    {.name = "comm", .mode = S_IFREG | 0644, .show = show_comm, .store = store_comm},
    {.name = "cmdline", .mode = S_IFREG | 0444, .show = proc_show_cmdline},
    {.name = "environ", .mode = S_IFREG | 0400, .inside = true, .show = proc_show_environ},
    {.name = "auxv", .mode = S_IFREG | 0400, .inside = true, .show = proc_show_auxv},
    {.name = "syscall", .mode = S_IFREG | 0400, .inside = true, .show = proc_show_syscall},
    {.name = "wchan", .mode = S_IFREG | 0444, .show = proc_show_wchan},
    {.name = "oom_score", .mode = S_IFREG | 0444, .show = proc_show_oom_score},
    {.name = "oom_score_adj",
     .mode = S_IFREG | 0644,
     .show = proc_show_oom_score_adj,
     .store = proc_store_oom_score_adj},
    {.name = "limits", .mode = S_IFREG | 0444, .show = proc_show_limits},
    {.name = "personality", .mode = S_IFREG | 0400, .inside = true, .show = show_personality},
    {.name = "maps", .mode = S_IFREG | 0444, .inside = true, .show = proc_show_maps},
    {.name = "smaps", .mode = S_IFREG | 0444, .inside = true, .show = proc_show_smaps},
    {.name = "smaps_rollup",
     .mode = S_IFREG | 0444,
     .inside = true,
     .show = proc_show_smaps_rollup},
    {.name = "pagemap", .mode = S_IFREG | 0400, .ops = &proc_pagemap_ops},
    {.name = "pagetable", .mode = S_IFREG | 0400, .inside = true, .show = proc_show_pagetable},
    {.name = "mounts", .mode = S_IFREG | 0444, .show = show_mounts},
    {.name = "mountinfo", .mode = S_IFREG | 0444, .show = show_mountinfo},
    {.name = "fail-nth", .mode = S_IFREG | 0644, .show = show_fail_nth, .store = store_fail_nth},
    {.name = "exe", .mode = S_IFLNK | 0777, .jump = jump_exe},
    {.name = "cwd", .mode = S_IFLNK | 0777, .jump = fs_cwd_of},
    {.name = "root", .mode = S_IFLNK | 0777, .jump = fs_root_of},
};

/* The directories, but for task; their positions are behind the rows, task's is behind theirs. */
static const struct pid_subdir {
    const char *name;
    bool of_threads; /* threads have it too */
    struct inode *(*make)(struct super *super, struct process *p);
    u64 (*ino)(int pid);
} dirs[] = {
    {"fd", true, proc_fd_dir_make, proc_fd_dir_ino},
    {"fdinfo", true, proc_fdinfo_dir_make, proc_fdinfo_dir_ino},
    {"map_files", false, proc_map_files_make, proc_map_files_ino},
    {"ns", true, proc_ns_dir_make, proc_ns_dir_ino},
};

#define POS_DIRS (2ul + ARRAY_SIZE(entries))
#define POS_TASK (POS_DIRS + ARRAY_SIZE(dirs))

/*
 * Which directory a node is, in its number: a process's, that of its threads, or THREAD_DIR plus the
 * tid of one thread.
 */
enum pid_dir { PID_DIR, TASK_DIR, THREAD_DIR };
static const char pid_dir_tag; /* what they are */

static const struct pid_entry *entry_of(struct inode *inode)
{
    return proc_node_of(inode)->what;
}

/* --- files ----------------------------------------------------------------------------------- */

static int entry_open(struct file *file)
{
    struct process *p = proc_node_process(file->inode);
    const struct pid_entry *entry = entry_of(file->inode);
    int err = p ? 0 : -ESRCH;

    if (!err && entry->inside && permit_look(p))
        err = -EACCES;
    if (!err)
        err = seq_open(file, entry->show);

    if (!err)
        ((struct seq *)file->private)->private = proc_node_of(file->inode);
    return err;
}

/* Since it was opened the process may have started a program which the caller may not look into. */
static ssize_t entry_read(struct file *file, struct iobuf *to, u64 *pos)
{
    struct process *p = proc_node_process(file->inode);

    if (!p)
        return -ESRCH;
    return entry_of(file->inode)->inside && permit_look(p) ? -EACCES : seq_read(file, to, pos);
}

static ssize_t entry_store(struct file *file, struct iobuf *from, u64 *pos)
{
    char text[32];
    const struct pid_entry *entry = entry_of(file->inode);

    (void)pos;
    if (!entry->store)
        return -EACCES;
    size_t len = from->left;
    ssize_t n = proc_copy_text(from, text, sizeof(text));
    struct process *p = proc_node_process(file->inode);
    if (n >= 0)
        n = p ? entry->store(p, proc_node_of(file->inode)->number, text) : -ESRCH;
    return n < 0 ? n : (ssize_t)len;
}

static const struct file_ops entry_file_ops = {
    .open = entry_open,
    .release = seq_release,
    .read = entry_read,
    .write = entry_store,
    .lseek = file_lseek_regular,
};

/* --- links ----------------------------------------------------------------------------------- */

static struct dentry *entry_jump(struct inode *inode)
{
    struct process *p = proc_node_process(inode);

    if (p && permit_look(p))
        return ERR_PTR(-EACCES);
    struct dentry *d = p ? entry_of(inode)->jump(p, proc_node_of(inode)->number) : NULL;

    return d ? d : ERR_PTR(-ENOENT);
}

static ssize_t copy_path(struct dentry *d, char *buf, size_t size)
{
    char *text = kmalloc(PATH_MAX);
    struct dentry *root = fs_root();
    ssize_t n = -ENOMEM;

    if (text) {
        char *path = dentry_path(d, root, text, PATH_MAX, true);
        n = IS_ERR(path) ? PTR_ERR(path) : (ssize_t)MIN(strlen(path), size);
        if (n > 0)
            memcpy(buf, path, (size_t)n);
    }
    dentry_put(root);
    kfree(text);
    return n;
}

static ssize_t entry_readlink(struct inode *inode, char *buf, size_t size)
{
    struct dentry *d = entry_jump(inode);

    if (IS_ERR(d))
        return PTR_ERR(d);
    ssize_t n = copy_path(d, buf, size);
    dentry_put(d);
    return n;
}

static const struct inode_ops entry_link_ops = {
    .readlink = entry_readlink, .jump = entry_jump, .release = proc_node_release};

/* --- the directory --------------------------------------------------------------------------- */

/* The number of an entry in such a directory: the tid, or 0 outside of task. */
static int tid_of_dir(int which)
{
    return which > THREAD_DIR ? which - THREAD_DIR : 0;
}

static struct inode *make_entry(struct inode *dir, struct process *p, const struct pid_entry *entry)
{
    bool link = S_ISLNK(entry->mode);
    const struct file_ops *ops = entry->ops ? entry->ops : &entry_file_ops;

    return proc_node_make(dir->super, entry->mode, link ? &entry_link_ops : &proc_plain_ops,
                          link ? NULL : ops, p, entry, tid_of_dir(proc_node_of(dir)->number));
}

static bool is_name(const char *name, size_t len, const char *wanted)
{
    return strlen(wanted) == len && memcmp(name, wanted, len) == 0;
}

static struct inode *make_dir(struct super *super, struct process *p, int which);

static struct inode *pid_lookup(struct inode *dir, const char *name, size_t len)
{
    struct process *p = proc_node_process(dir);
    bool whole = proc_node_of(dir)->number == PID_DIR;
    int tid = tid_of_dir(proc_node_of(dir)->number);

    if (!p)
        return ERR_PTR(-ENOENT);
    if (!proc_pid_open(dir->super, p))
        return ERR_PTR(-EPERM);
    for (unsigned i = 0; i < ARRAY_SIZE(dirs); i++)
        if ((whole || dirs[i].of_threads) && is_name(name, len, dirs[i].name))
            return proc_node_of_thread(dirs[i].make(dir->super, p), tid);
    if (whole && is_name(name, len, "task"))
        return make_dir(dir->super, p, TASK_DIR);
    for (unsigned i = 0; i < ARRAY_SIZE(entries); i++)
        if (is_name(name, len, entries[i].name))
            return make_entry(dir, p, &entries[i]);
    return ERR_PTR(-ENOENT);
}

static struct inode *task_lookup(struct inode *dir, const char *name, size_t len)
{
    struct process *p = proc_node_process(dir);
    int tid = p ? proc_meant_tid(dir->super, p, proc_number(name, len)) : 0;

    if (tid <= 0 || process_next_tid(p, tid - 1) != tid)
        return ERR_PTR(-ENOENT);
    return make_dir(dir->super, p, THREAD_DIR + tid);
}

static bool emit_rows(struct file *dir, struct process *p, struct dirent_sink *sink)
{
    int tid = tid_of_dir(proc_node_of(dir->inode)->number);

    for (; dir->pos < POS_DIRS; dir->pos++) {
        const struct pid_entry *e = &entries[dir->pos - 2];
        u64 ino = proc_ino(process_pid(p), e, tid);
        if (!sink->emit(sink, e->name, strlen(e->name), ino, dir->pos + 1, e->mode))
            return false;
    }
    return true;
}

/* Emits a directory when it is its turn; what a thread does not have is passed over. */
static void emit_dir(struct file *dir, struct dirent_sink *sink, bool has, const char *name,
                     u64 pos, u64 ino)
{
    if (dir->pos != pos)
        return;
    if (!has || sink->emit(sink, name, strlen(name), ino, pos + 1, S_IFDIR))
        dir->pos = pos + 1;
}

static int pid_readdir(struct file *dir, struct dirent_sink *sink)
{
    struct process *p = proc_node_process(dir->inode);
    bool whole = proc_node_of(dir->inode)->number == PID_DIR;

    if (!p)
        return -ENOENT;
    if (!proc_pid_open(dir->inode->super, p))
        return -EPERM;
    if (!dir_emit_dots(dir, sink) || !emit_rows(dir, p, sink))
        return 0;
    int id = whole ? process_pid(p) : tid_of_dir(proc_node_of(dir->inode)->number);
    for (unsigned i = 0; i < ARRAY_SIZE(dirs); i++)
        emit_dir(dir, sink, whole || dirs[i].of_threads, dirs[i].name, POS_DIRS + i,
                 dirs[i].ino(id));
    emit_dir(dir, sink, whole, "task", POS_TASK, proc_ino(id, &pid_dir_tag, TASK_DIR));
    return 0;
}

static int task_readdir(struct file *dir, struct dirent_sink *sink)
{
    struct process *p = proc_node_process(dir->inode);
    int tid;

    if (!p)
        return -ENOENT;
    if (!dir_emit_dots(dir, sink))
        return 0;
    while ((tid = process_next_tid(p, (int)dir->pos - 2))) {
        char name[16];
        int shown = proc_shown_tid(dir->inode->super, p, tid);
        size_t len = fmt_scnprintf(name, sizeof(name), "%d", shown);
        u64 ino = proc_ino(process_pid(p), &pid_dir_tag, THREAD_DIR + tid);

        if (!sink->emit(sink, name, len, ino, (u64)tid + 2, S_IFDIR))
            break;
        dir->pos = (u64)tid + 2;
    }
    return 0;
}

static const struct inode_ops pid_dir_ops = {.lookup = pid_lookup, .release = proc_node_release};
static const struct inode_ops task_dir_ops = {.lookup = task_lookup, .release = proc_node_release};
static const struct file_ops pid_file_ops = {.lseek = proc_dir_lseek, .readdir = pid_readdir};
static const struct file_ops task_file_ops = {.lseek = proc_dir_lseek, .readdir = task_readdir};

static struct inode *make_dir(struct super *super, struct process *p, int which)
{
    bool task = which == TASK_DIR;

    return proc_node_make(super, S_IFDIR | 0555, task ? &task_dir_ops : &pid_dir_ops,
                          task ? &task_file_ops : &pid_file_ops, p, &pid_dir_tag, which);
}

u64 proc_pid_ino(int pid)
{
    return proc_ino(pid, &pid_dir_tag, PID_DIR);
}

struct inode *proc_pid_make(struct super *super, int pid)
{
    struct process *p = process_by_pid(proc_pid_ns(super), pid);

    if (!p)
        return ERR_PTR(-ENOENT);
    struct inode *inode = ERR_PTR(-ENOENT);
    if (proc_pid_shown(super, p))
        inode = make_dir(super, p, PID_DIR);
    process_put(p);
    return inode;
}
