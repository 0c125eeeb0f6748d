/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting (see include/fs/mount.h).
 *
 * The mount mutex guards the list of mounts and serialises mount and umount; it comes before
 * everything else of fs. What path lookup needs (dentry->mounted, super->covered) is under the tree
 * lock.
 */
#include <fs/mount.h>

#include <abi/linux/mount.h>
#include <abi/linux/stat.h>
#include <base/atomic.h>
#include <base/mutex.h>
#include <fs/fscontext.h>
#include <fs/path.h>
#include <fs/super.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/slab.h>

static struct mutex mount_lock = MUTEX_INIT(mount_lock, "mount");
static struct super *mounts;

/* --- the list -------------------------------------------------------------------------------- */

static void list_add(struct super *super)
{
    struct super **end = &mounts;

    while (*end)
        end = &(*end)->next;
    super->next = NULL;
    *end = super;
}

static void list_take(struct super *super)
{
    struct super **at = &mounts;

    while (*at != super)
        at = &(*at)->next;
    *at = super->next;
}

static bool is_listed(const struct super *super)
{
    struct super *s = mounts;

    while (s && s != super)
        s = s->next;
    return s;
}

/* A path or source, with what would break the line replaced as Linux does. */
static void print_escaped(struct fmt_sink *sink, const char *text)
{
    for (; *text; text++) {
        if (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\\')
            fmt_print(sink, "\\%03o", (u8)*text);
        else
            fmt_print(sink, "%c", *text);
    }
}

typedef void print_fn(struct fmt_sink *sink, const struct super *super, const char *path);

static const char *rights_of(const struct super *super)
{
    return super->readonly ? "ro" : "rw";
}

static void print_one(struct fmt_sink *sink, const struct super *super, const char *path)
{
    print_escaped(sink, super->source);
    fmt_print(sink, " ");
    print_escaped(sink, path);
    fmt_print(sink, " %s %s,noatime", super->type->name, rights_of(super));
    fs_config_print(&super->config, sink);
    fmt_print(sink, " 0 0\n");
}

/* A mount's id is the minor number of its device: no two have the same. The first one is its own parent. */
static void print_info(struct fmt_sink *sink, const struct super *super, const char *path)
{
    const struct super *parent = super->covered ? super->covered->inode->super : super;

    fmt_print(sink, "%u %u %u:%u / ", DEV_MINOR(super->dev), DEV_MINOR(parent->dev),
              DEV_MAJOR(super->dev), DEV_MINOR(super->dev));
    print_escaped(sink, path);
    fmt_print(sink, " %s,noatime - %s ", rights_of(super), super->type->name);
    print_escaped(sink, super->source);
    fmt_print(sink, " %s", rights_of(super));
    fs_config_print(&super->config, sink);
    fmt_print(sink, "\n");
}

static void print_all(struct fmt_sink *sink, print_fn *print)
{
    char *buf = kmalloc(PATH_MAX);
    struct dentry *root = fs_root();

    if (buf) {
        mutex_lock(&mount_lock);
        for (struct super *super = mounts; super; super = super->next) {
            char *path = dentry_path(super->root, root, buf, PATH_MAX, false);
            print(sink, super, IS_ERR(path) ? "?" : path);
        }
        mutex_unlock(&mount_lock);
    }
    dentry_put(root);
    kfree(buf);
}

void mount_print(struct fmt_sink *sink)
{
    print_all(sink, print_one);
}

void mount_print_info(struct fmt_sink *sink)
{
    print_all(sink, print_info);
}

/* --- mounting -------------------------------------------------------------------------------- */

int mount_first(const char *type, const char *source)
{
    static const struct fs_config none;
    struct super *super = super_make(fs_type_find(type), source, &none);

    if (IS_ERR(super))
        return (int)PTR_ERR(super);
    list_add(super);
    fs_set_first_root(super->root);
    return 0;
}

static bool is_mounted_root(const struct dentry *d)
{
    return d == d->inode->super->root;
}

int mount_attach(struct super *super, struct dentry *dir)
{
    if (!S_ISDIR(dir->inode->mode))
        return -ENOTDIR;
    mutex_lock(&mount_lock);
    /* In a tree that was taken off nothing can be mounted: nobody could unmount it. */
    int err = is_listed(dir->inode->super) ? dentry_cover(dir, super) : -EINVAL;
    if (!err)
        list_add(super);
    mutex_unlock(&mount_lock);
    return err;
}

static int mount_new(const char *source, struct dentry *dir, const struct fs_type *type,
                     const struct fs_config *config)
{
    struct super *super = super_make(type, source, config);

    if (IS_ERR(super))
        return (int)PTR_ERR(super);
    int err = mount_attach(super, dir);
    if (err)
        super_drop(super);
    return err;
}

/* Changes the options of the file system whose mounted root `dir` is. */
static int remount(struct dentry *dir, struct fs_config *config, char *options)
{
    struct super *super = dir->inode->super;

    if (!is_mounted_root(dir))
        return -EINVAL;
    int err = fs_config_parse(config, super->type, options);
    if (err)
        return err;
    mutex_lock(&mount_lock);
    err = super_reconfigure(super, config);
    mutex_unlock(&mount_lock);
    return err;
}

static int mount_at(const char *source, struct dentry *dir, const char *type_name,
                    unsigned long flags, char *options)
{
    struct fs_config config = {.readonly = flags & MS_RDONLY};

    if (flags & MS_REMOUNT)
        return remount(dir, &config, options);
    if (!S_ISDIR(dir->inode->mode))
        return -ENOTDIR;
    if (!type_name || !type_name[0])
        return -EINVAL;
    const struct fs_type *type = fs_type_find(type_name);
    if (!type)
        return -ENODEV;
    if (is_mounted_root(dir) && type->alone && dir->inode->super->type == type)
        return -EBUSY;
    int err = fs_config_parse(&config, type, options);
    return err ? err : mount_new(source, dir, type, &config);
}

int vfs_mount(const char *source, struct dentry *at, const char *path, const char *type,
              unsigned long flags, char *options)
{
    const unsigned long known = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS |
                                MS_REMOUNT | MS_NOATIME | MS_NODIRATIME | MS_SILENT | MS_RELATIME |
                                MS_STRICTATIME;
    struct dentry *dir;

    if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
        flags &= ~MS_MGC_MSK;
    if (flags & ~known)
        return -EINVAL;
    int err = path_lookup(at, path, LOOKUP_FOLLOW, &dir);
    if (err)
        return err;
    err = mount_at(source, dir, type, flags, options);
    dentry_put(dir);
    return err;
}

/* --- unmounting ------------------------------------------------------------------------------ */

/* Moves the mount from the list of all to the end of *gone, unless it is busy; see dentry_uncover for `held`. */
static int take_off(struct super *super, int held, struct super ***gone)
{
    int err = dentry_uncover(super, held);

    if (err)
        return err;
    list_take(super);
    super->next = NULL;
    **gone = super;
    *gone = &super->next;
    return 0;
}

static struct super *mounted_inside(const struct super *outer)
{
    struct super *s = mounts;

    while (s && !(s->covered && s->covered->inode->super == outer))
        s = s->next;
    return s;
}

/* `root` is referenced once by the caller. On success the mounts in the list *gone are to be dropped. */
static int unmount_root(struct dentry *root, unsigned flags, struct super **gone)
{
    struct super *super = root->inode->super, *inner;
    struct super **end = gone;

    if (!is_mounted_root(root) || !super->covered)
        return -EINVAL;
    int err = take_off(super, flags & MNT_DETACH ? -1 : 1, &end);
    if (err)
        return err;
    /* What is mounted inside goes along, as nobody could name it any more. A mount without MNT_DETACH has nothing there. */
    for (; super; super = super->next)
        while ((inner = mounted_inside(super)))
            take_off(inner, -1, &end);
    return 0;
}

int vfs_umount(struct dentry *at, const char *path, unsigned flags)
{
    struct super *gone = NULL, *next;
    struct dentry *root;

    if (flags & ~(unsigned)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
        return -EINVAL;
    int err = path_lookup(at, path, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &root);
    if (err)
        return err;
    mutex_lock(&mount_lock);
    err = unmount_root(root, flags, &gone);
    mutex_unlock(&mount_lock);
    dentry_put(root);
    for (; gone; gone = next) {
        next = gone->next;
        super_drop(gone);
    }
    return err;
}
