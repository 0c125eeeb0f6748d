/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc: its root, and the files that were registered (see include/fs/procfs.h).
 *
 * A directory other than a process's is a prefix of some registered path: its node's `what` is
 * that file and `number` the length of the prefix, with its last slash. The list only grows, at
 * start-up, so it needs no lock.
 *
 * Positions in the root: 0 and 1 the dots, then registered files by their place in the list, then
 * "self", then processes by pid.
 */
#include <fs/procfs.h>

#include <abi/linux/stat.h>
#include <abi/linux/statfs.h>
#include <fs/dentry.h>
#include <fs/mount.h>
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define POS_FILES 2ul
#define POS_SELF  0x10000ul
#define POS_PIDS  0x10001ul

static struct proc_file *files;

void procfs_add(struct proc_file *file)
{
    struct proc_file **end = &files;

    while (*end)
        end = &(*end)->next;
    file->next = NULL;
    *end = file;
}

/* --- registered files ------------------------------------------------------------------------ */

static const struct proc_file *file_of(struct inode *inode)
{
    return proc_node_of(inode)->what;
}

static int file_open_seq(struct file *file)
{
    return seq_open(file, file_of(file->inode)->show);
}

static ssize_t file_store(struct file *file, struct iobuf *from, u64 *pos)
{
    char text[PROC_STORE_MAX + 1];
    const struct proc_file *pf = file_of(file->inode);

    (void)pos;
    if (!pf->store)
        return -EACCES;
    size_t len = from->left;
    ssize_t n = proc_copy_text(from, text, sizeof(text));
    if (n >= 0)
        n = pf->store(text);
    return n < 0 ? n : (ssize_t)len;
}

static const struct file_ops registered_ops = {
    .open = file_open_seq,
    .release = seq_release,
    .read = seq_read,
    .write = file_store,
    .lseek = file_lseek_regular,
};

/* --- directories ----------------------------------------------------------------------------- */

/* A directory's place among the registered paths. */
struct prefix {
    const char *text;
    size_t len;
};

static struct prefix prefix_of(struct inode *dir)
{
    const struct proc_file *file = file_of(dir);

    return (struct prefix){file ? file->path : "", (size_t)proc_node_of(dir)->number};
}

/* The component of `file` right below the directory, or NULL when it lies elsewhere. */
static const char *component(const struct proc_file *file, struct prefix dir, size_t *len)
{
    if (strncmp(file->path, dir.text, dir.len) != 0)
        return NULL;
    const char *name = file->path + dir.len;
    const char *slash = strchr(name, '/');
    *len = slash ? (size_t)(slash - name) : strlen(name);
    return name;
}

static struct proc_file *find_file(struct prefix dir, const char *name, size_t len)
{
    struct proc_file *file = files;

    for (; file; file = file->next) {
        size_t n;
        const char *own = component(file, dir, &n);
        if (own && n == len && memcmp(own, name, len) == 0)
            break;
    }
    return file;
}

static const struct inode_ops dir_ops;
static const struct file_ops prefix_dir_ops;

static struct inode *make_registered(struct inode *dir, const char *name, size_t len)
{
    struct prefix prefix = prefix_of(dir);
    struct proc_file *file = find_file(prefix, name, len);

    if (!file)
        return ERR_PTR(-ENOENT);
    size_t end = prefix.len + len;
    if (file->path[end] == '/')
        return proc_node_make(dir->super, S_IFDIR | 0555, &dir_ops, &prefix_dir_ops, NULL, file,
                              (int)end + 1);
    return proc_node_make(dir->super, S_IFREG | (file->mode ? file->mode : 0444), &proc_plain_ops,
                          &registered_ops, NULL, file, 0);
}

/* Emits what is registered below the directory, each name once: at the first file that has it. */
static bool emit_registered(struct file *dir, struct dirent_sink *sink)
{
    struct prefix prefix = prefix_of(dir->inode);
    u64 at = POS_FILES;

    for (struct proc_file *file = files; file; file = file->next, at++) {
        size_t len;
        const char *name = component(file, prefix, &len);

        if (at < dir->pos || !name || find_file(prefix, name, len) != file)
            continue;
        u32 type = name[len] == '/' ? S_IFDIR : S_IFREG;
        int number = type == S_IFDIR ? (int)(prefix.len + len) + 1 : 0;
        if (!sink->emit(sink, name, len, proc_ino(0, file, number), at + 1, type))
            return false;
        dir->pos = at + 1;
    }
    return true;
}

static int prefix_readdir(struct file *dir, struct dirent_sink *sink)
{
    if (dir_emit_dots(dir, sink))
        emit_registered(dir, sink);
    return 0;
}

static const struct inode_ops dir_ops = {.lookup = make_registered, .release = proc_node_release};
static const struct file_ops prefix_dir_ops = {.lseek = proc_dir_lseek, .readdir = prefix_readdir};

/* --- self ------------------------------------------------------------------------------------ */

static ssize_t self_readlink(struct inode *inode, char *buf, size_t size)
{
    char text[16];
    size_t n = fmt_scnprintf(text, sizeof(text), "%d", process_pid(current_process()));

    (void)inode;
    n = MIN(n, size);
    memcpy(buf, text, n);
    return (ssize_t)n;
}

static const struct inode_ops self_ops = {.readlink = self_readlink, .release = proc_node_release};

/* --- the root -------------------------------------------------------------------------------- */

static struct inode *root_lookup(struct inode *dir, const char *name, size_t len)
{
    int pid = proc_number(name, len);

    if (pid > 0)
        return proc_pid_make(dir->super, pid);
    if (len == 4 && memcmp(name, "self", 4) == 0)
        return proc_node_make(dir->super, S_IFLNK | 0777, &self_ops, NULL, NULL, &self_ops, 0);
    return make_registered(dir, name, len);
}

static void emit_processes(struct file *dir, struct dirent_sink *sink)
{
    struct process *p;

    while ((p = process_next((int)(dir->pos - POS_PIDS)))) {
        char name[16];
        int pid = process_pid(p);
        size_t len = fmt_scnprintf(name, sizeof(name), "%d", pid);

        process_put(p);
        u64 next = POS_PIDS + (u64)pid;
        if (!sink->emit(sink, name, len, proc_pid_ino(pid), next, S_IFDIR))
            break;
        dir->pos = next;
    }
}

static int root_readdir(struct file *dir, struct dirent_sink *sink)
{
    if (!dir_emit_dots(dir, sink))
        return 0;
    if (dir->pos < POS_SELF) {
        if (!emit_registered(dir, sink))
            return 0;
        dir->pos = POS_SELF;
    }
    if (dir->pos == POS_SELF) {
        u64 ino = proc_ino(0, &self_ops, 0);
        if (!sink->emit(sink, "self", 4, ino, POS_PIDS, S_IFLNK))
            return 0;
        dir->pos = POS_PIDS;
    }
    emit_processes(dir, sink);
    return 0;
}

static const struct inode_ops root_ops = {.lookup = root_lookup, .release = proc_node_release};
static const struct file_ops root_dir_ops = {.lseek = proc_dir_lseek, .readdir = root_readdir};

static int mount_proc(struct super *super, const char *options)
{
    struct inode *root =
        proc_node_make(super, S_IFDIR | 0555, &root_ops, &root_dir_ops, NULL, NULL, 0);

    (void)options;
    if (IS_ERR(root))
        return (int)PTR_ERR(root);
    super->root = dentry_make_root(root);
    return super->root ? 0 : -ENOMEM;
}

void procfs_init(void)
{
    static struct fs_type type = {.name = "proc",
                                  .nodev = true,
                                  .alone = true,
                                  .magic = PROC_SUPER_MAGIC,
                                  .mount = mount_proc};

    fs_type_register(&type);
}
