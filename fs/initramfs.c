/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacks cpio archives into the first root (see include/fs/initramfs.h).
 *
 * The reader in lib/ has checked each entry; here names become files. Missing directories on the
 * way are made. Of hard links the first name makes the file and the others are linked to it; the
 * body comes with the last one and is written to the same file.
 */
#include <fs/initramfs.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/limits.h>
#include <abi/linux/stat.h>
#include <base/log.h>
#include <fs/file.h>
#include <fs/fscontext.h>
#include <fs/names.h>
#include <fs/vfs.h>
#include <kernel/time.h>
#include <lib/cpio.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/list.h>
#include <lib/string.h>
#include <mm/slab.h>

/* A file with several names, of which more may come. */
struct hard_link {
    struct list link;
    u32 ino, major, minor;
    struct dentry *dentry; /* its first name, referenced */
};

struct unpacker {
    struct list links;
    struct dentry *root; /* borrowed */
};

/* --- hard links ------------------------------------------------------------------------------ */

static struct hard_link *find_link(struct unpacker *u, const struct cpio_entry *e)
{
    struct hard_link *l;

    list_for_each_entry (l, &u->links, link)
        if (l->ino == e->ino && l->major == e->dev_major && l->minor == e->dev_minor)
            return l;
    return NULL;
}

static int remember_link(struct unpacker *u, const struct cpio_entry *e, struct dentry *dentry)
{
    struct hard_link *l = kmalloc(sizeof(*l));

    if (!l)
        return -ENOMEM;
    l->ino = e->ino;
    l->major = e->dev_major;
    l->minor = e->dev_minor;
    l->dentry = dentry_get(dentry);
    list_push_back(&u->links, &l->link);
    return 0;
}

static void forget_links(struct unpacker *u)
{
    struct hard_link *l, *next;

    list_for_each_entry_safe (l, next, &u->links, link) {
        dentry_put(l->dentry);
        kfree(l);
    }
    list_init(&u->links);
}

/* --- one entry ------------------------------------------------------------------------------- */

/* Makes the directories above the entry. */
static int make_parents(struct unpacker *u, const struct cpio_entry *e)
{
    char *path = kmalloc(e->name_len + 1);
    int err = path ? 0 : -ENOMEM;

    if (path)
        memcpy(path, e->name, e->name_len + 1);
    for (char *slash = path ? strchr(path, '/') : NULL; slash && !err;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        err = vfs_mkdir(u->root, path, 0755);
        if (err == -EEXIST)
            err = 0;
        *slash = '/';
    }
    kfree(path);
    return err;
}

static int write_body(struct dentry *dentry, const struct cpio_entry *e)
{
    if (!e->size)
        return 0;
    struct file *file = file_open(dentry->inode, dentry, O_WRONLY);
    if (IS_ERR(file))
        return (int)PTR_ERR(file);
    struct iobuf iob = iobuf_kernel(e->data, e->size);
    ssize_t n = file_write(file, &iob);
    file_put(file);
    if (n < 0)
        return (int)n;
    return (size_t)n == e->size ? 0 : -ENOSPC;
}

static void set_attributes(struct inode *inode, const struct cpio_entry *e)
{
    u64 time = e->mtime * NSEC_PER_SEC;

    inode->uid = e->uid;
    inode->gid = e->gid;
    inode->atime = inode->mtime = inode->ctime = time;
}

/* Walks to the entry's place. The usual archive names a directory before what is in it. */
static int walk_to(struct unpacker *u, const struct cpio_entry *e, struct path_last *last)
{
    int err = path_last(u->root, e->name, 0, last);

    if (err != -ENOENT)
        return err;
    err = make_parents(u, e);
    return err ? err : path_last(u->root, e->name, 0, last);
}

/* Finds the place; what was there before goes, unless both are directories. */
static int make_way(struct unpacker *u, const struct cpio_entry *e, struct path_last *last)
{
    int err = walk_to(u, e, last);

    if (err || !last->found)
        return err;
    bool dir = S_ISDIR(last->found->inode->mode);
    if (dir && S_ISDIR(e->mode))
        return 0;
    path_last_put(last);
    err = dir ? vfs_rmdir(u->root, e->name) : vfs_unlink(u->root, e->name);
    return err ? err : walk_to(u, e, last);
}

/* Makes what the entry is, or takes the directory that is there. */
static int make_node(const struct cpio_entry *e, struct path_last *last, struct dentry **out)
{
    char target[PATH_MAX / 4];

    if (last->found) {
        *out = dentry_get(last->found);
        last->found->inode->mode = e->mode;
        return 0;
    }
    if (S_ISLNK(e->mode)) {
        if (e->size >= sizeof(target))
            return -ENAMETOOLONG;
        memcpy(target, e->data, e->size);
        target[e->size] = '\0';
    }
    return name_make(last, e->mode, DEV(e->rdev_major, e->rdev_minor), target, out);
}

/* Another name of a file that is there. */
static int add_name(struct unpacker *u, const struct cpio_entry *e, struct hard_link *l,
                    struct dentry **out)
{
    *out = dentry_get(l->dentry);
    return vfs_link(l->dentry, "", u->root, e->name, LOOKUP_EMPTY);
}

static int make_named(struct unpacker *u, const struct cpio_entry *e, struct path_last *last,
                      struct dentry **out)
{
    bool linked = e->nlink > 1 && S_ISREG(e->mode);
    struct hard_link *l = linked ? find_link(u, e) : NULL;

    if (l)
        return add_name(u, e, l, out);
    int err = make_node(e, last, out);
    return !err && linked ? remember_link(u, e, *out) : err;
}

static int unpack_named(struct unpacker *u, const struct cpio_entry *e)
{
    struct path_last last;
    struct dentry *d = NULL;
    int err = make_way(u, e, &last);

    if (err)
        return err;
    err = make_named(u, e, &last, &d);
    path_last_put(&last);
    if (!err && S_ISREG(e->mode))
        err = write_body(d, e);
    if (!err)
        set_attributes(d->inode, e);
    dentry_put(d);
    return err;
}

static int unpack_entry(struct unpacker *u, const struct cpio_entry *e)
{
    if (strcmp(e->name, ".") == 0) {
        u->root->inode->mode = e->mode;
        set_attributes(u->root->inode, e);
        return 0;
    }
    return e->name_len < PATH_MAX ? unpack_named(u, e) : -ENAMETOOLONG;
}

/* --- the archive ----------------------------------------------------------------------------- */

/* The name of a compression whose magic number the data begins with, or NULL. */
static const char *compression_of(const u8 *data, size_t len)
{
    static const struct {
        const char *name;
        u8 magic[6];
        u8 len;
    } known[] = {
        {"gzip", {0x1f, 0x8b}, 2},
        {"bzip2", {'B', 'Z', 'h'}, 3},
        {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6},
        {"lzma", {0x5d, 0, 0}, 3},
        {"lzo", {0x89, 'L', 'Z', 'O'}, 4},
        {"lz4", {0x02, 0x21, 0x4c, 0x18}, 4},
        {"lz4", {0x04, 0x22, 0x4d, 0x18}, 4},
        {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
        if (len >= known[i].len && memcmp(data, known[i].magic, known[i].len) == 0)
            return known[i].name;
    return NULL;
}

static void explain(const char *name, const void *data, const struct cpio_reader *reader)
{
    const u8 *from = (const u8 *)data + reader->where;
    const char *compression = compression_of(from, reader->size - reader->where);

    if (compression)
        log_err("%s: compressed with %s at byte %lu: only plain cpio archives are understood", name,
                compression, reader->where);
    else
        log_err("%s: broken cpio archive at byte %lu: %s", name, reader->where, reader->reason);
}

static int unpack_all(struct unpacker *u, struct cpio_reader *reader, const char *name,
                      const void *data)
{
    struct cpio_entry e;
    u32 entries = 0;
    int more;

    while ((more = cpio_next(reader, &e)) > 0) {
        int err = unpack_entry(u, &e);
        if (err) {
            log_err("%s: cannot make /%.*s: error %d", name, (int)e.name_len, e.name, -err);
            return err;
        }
        entries++;
    }
    if (more < 0)
        explain(name, data, reader);
    else
        log_info("%s: %u entries, %lu KiB", name, entries, reader->size / KiB);
    return more;
}

int initramfs_unpack(const void *data, size_t len, const char *name)
{
    struct cpio_reader reader;
    struct unpacker u = {.root = fs_first_root()};

    list_init(&u.links);
    cpio_init(&reader, data, len);
    u32 mask = fs_set_umask(0);
    int err = unpack_all(&u, &reader, name, data);
    fs_set_umask(mask);
    forget_links(&u);
    dentry_put(u.root);
    return err;
}
