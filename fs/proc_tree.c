/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems of registered files (see include/fs/proc_tree.h).
 *
 * A directory is a prefix of some registered path: its node's `what` is that file and `number` the
 * length of the prefix, with its last slash; of the root nothing and 0. The list only grows, at start-up, so
 * it needs no lock.
 */
#include <fs/proc_tree.h>

#include <abi/linux/stat.h>
#include <fs/dentry.h>
#include <lib/err.h>
#include <lib/string.h>

static const struct proc_tree *tree_of(const struct super *super)
{
    return container_of(super->type, const struct proc_tree, type);
}

void proc_tree_add(struct proc_tree *tree, struct proc_file *file)
{
    struct proc_file **end = &tree->files;

    while (*end)
        end = &(*end)->next;
    file->next = NULL;
    *end = file;
}

/* --- files ----------------------------------------------------------------------------------- */

static const struct proc_file *file_of(struct inode *inode)
{
    return proc_node_of(inode)->what;
}

/* What can only be written cannot be opened for more, though everybody is root. */
static int file_open_seq(struct file *file)
{
    const struct proc_file *pf = file_of(file->inode);

    if (!pf->show && file->access & FILE_READ)
        return -EACCES;
    int err = seq_open(file, pf->show);
    if (!err)
        ((struct seq *)file->private)->private = (void *)pf;
    return err;
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

static struct proc_file *find_file(const struct proc_tree *tree, struct prefix dir,
                                   const char *name, size_t len)
{
    struct proc_file *file = tree->files;

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

struct inode *proc_tree_lookup(struct inode *dir, const char *name, size_t len)
{
    struct prefix prefix = prefix_of(dir);
    struct proc_file *file = find_file(tree_of(dir->super), prefix, name, len);

    if (!file)
        return ERR_PTR(-ENOENT);
    size_t end = prefix.len + len;
    if (file->path[end] == '/')
        return proc_node_make(dir->super, S_IFDIR | 0555, &dir_ops, &prefix_dir_ops, NULL, file,
                              (int)end + 1);
    return proc_node_make(dir->super, S_IFREG | (file->mode ? file->mode : 0444), &proc_plain_ops,
                          file->ops ? file->ops : &registered_ops, NULL, file, 0);
}

/* Emits what is registered below the directory, each name once: at the first file that has it. */
bool proc_tree_emit(struct file *dir, struct dirent_sink *sink)
{
    const struct proc_tree *tree = tree_of(dir->inode->super);
    struct prefix prefix = prefix_of(dir->inode);
    u64 at = PROC_TREE_POS;

    for (struct proc_file *file = tree->files; file; file = file->next, at++) {
        size_t len;
        const char *name = component(file, prefix, &len);

        if (at < dir->pos || !name || find_file(tree, prefix, name, len) != file)
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
        proc_tree_emit(dir, sink);
    return 0;
}

static const struct inode_ops dir_ops = {.lookup = proc_tree_lookup, .release = proc_node_release};
static const struct file_ops prefix_dir_ops = {.lseek = proc_dir_lseek, .readdir = prefix_readdir};

int proc_tree_mount(struct super *super)
{
    struct inode *root =
        proc_node_make(super, S_IFDIR | 0555, &dir_ops, &prefix_dir_ops, NULL, NULL, 0);

    if (IS_ERR(root))
        return (int)PTR_ERR(root);
    super->root = dentry_make_root(root);
    return super->root ? 0 : -ENOMEM;
}
