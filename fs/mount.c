/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting (see include/fs/mount.h).
 *
 * The mount mutex guards the list of mounts, which is one for all namespaces, and serialises mount and umount; it
 * comes before everything else of fs. What path lookup needs (dentry->mounted, super->mounts) is under the tree
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
#include <kernel/namespace.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/slab.h>

static struct mutex mount_lock = MUTEX_INIT(mount_lock, "mount");
static struct mount *mounts;

static_assert(MOUNT_RDONLY == MS_RDONLY && MOUNT_NOSUID == MS_NOSUID && MOUNT_NODEV == MS_NODEV &&
                  MOUNT_NOEXEC == MS_NOEXEC,
              "attributes are passed through");

/* --- the list -------------------------------------------------------------------------------- */

static void list_add(struct mount *m)
{
    struct mount **end = &mounts;

    while (*end)
        end = &(*end)->next;
    m->next = NULL;
    *end = m;
}

static void list_take(struct mount *m)
{
    struct mount **at = &mounts;

    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
}

/* The oldest mount of a namespace behind `m` in the list (NULL: of all): first comes its root. */
static struct mount *next_of(const struct ns *ns, const struct mount *m)
{
    struct mount *next = m ? m->next : mounts;

    while (next && next->ns != ns)
        next = next->next;
    return next;
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

typedef void print_fn(struct fmt_sink *sink, const struct mount *m, const char *path);

static const char *rights(bool readonly)
{
    return readonly ? "ro" : "rw";
}

static void print_attributes(struct fmt_sink *sink, u32 attributes)
{
    fmt_print(sink, "%s%s%s%s,noatime", rights(attributes & MOUNT_RDONLY),
              attributes & MOUNT_NOSUID ? ",nosuid" : "", attributes & MOUNT_NODEV ? ",nodev" : "",
              attributes & MOUNT_NOEXEC ? ",noexec" : "");
}

static void print_one(struct fmt_sink *sink, const struct mount *m, const char *path)
{
    const struct super *super = m->super;

    print_escaped(sink, super->source);
    fmt_print(sink, " ");
    print_escaped(sink, path);
    fmt_print(sink, " %s ", super->type->name);
    print_attributes(sink, m->attributes | (super->readonly ? MOUNT_RDONLY : 0));
    fs_config_print(&super->config, sink);
    fmt_print(sink, " 0 0\n");
}

/* A mount's id is the minor number of its device: no two have the same. The first one is its own parent. */
static void print_info(struct fmt_sink *sink, const struct mount *m, const char *path)
{
    const struct super *super = m->super;
    const struct super *parent = m->covered ? m->covered->inode->super : super;

    fmt_print(sink, "%u %u %u:%u / ", DEV_MINOR(super->dev), DEV_MINOR(parent->dev),
              DEV_MAJOR(super->dev), DEV_MINOR(super->dev));
    print_escaped(sink, path);
    fmt_print(sink, " ");
    print_attributes(sink, m->attributes);
    fmt_print(sink, " - %s ", super->type->name);
    print_escaped(sink, super->source);
    fmt_print(sink, " %s", rights(super->readonly));
    fs_config_print(&super->config, sink);
    fmt_print(sink, "\n");
}

static void print_all(const struct ns *ns, struct fmt_sink *sink, print_fn *print)
{
    char *buf = kmalloc(PATH_MAX);
    struct dentry *root = fs_root();

    if (buf) {
        mutex_lock(&mount_lock);
        for (struct mount *m = next_of(ns, NULL); m; m = next_of(ns, m)) {
            char *path = dentry_path_in(ns, m->super->root, root, buf, PATH_MAX, false);
            print(sink, m, IS_ERR(path) ? "?" : path);
        }
        mutex_unlock(&mount_lock);
    }
    dentry_put(root);
    kfree(buf);
}

void mount_print(const struct ns *ns, struct fmt_sink *sink)
{
    print_all(ns, sink, print_one);
}

void mount_print_info(const struct ns *ns, struct fmt_sink *sink)
{
    print_all(ns, sink, print_info);
}

/* --- mounting -------------------------------------------------------------------------------- */

/* Mounts a super on `dir` (NULL: as the root) in a namespace. Under the mount mutex. */
static int add_mount(const struct ns *ns, struct super *super, struct dentry *dir, u32 attributes)
{
    struct mount *m = kzalloc(sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->ns = ns;
    m->super = super;
    m->attributes = attributes;
    int err = dentry_cover(dir, m);
    if (err)
        kfree(m);
    else
        list_add(m);
    return err;
}

int mount_first(const char *type, const char *source)
{
    static const struct fs_config none;
    struct super *super = super_make(fs_type_find(type), source, &none);

    if (IS_ERR(super))
        return (int)PTR_ERR(super);
    int err = add_mount(current_ns(NS_MNT), super, NULL, 0);
    if (!err)
        fs_set_first_root(super->root);
    return err;
}

static bool is_mounted_root(const struct dentry *d)
{
    return d == d->inode->super->root;
}

/* The mount of this namespace whose root that is, or NULL. Under the mount mutex. */
static struct mount *mount_at_root(const struct dentry *d)
{
    return is_mounted_root(d) ? dentry_mount_of(current_ns(NS_MNT), d->inode->super) : NULL;
}

int mount_attach(struct super *super, struct dentry *dir)
{
    const struct ns *ns = current_ns(NS_MNT);

    if (!S_ISDIR(dir->inode->mode))
        return -ENOTDIR;
    mutex_lock(&mount_lock);
    /* In a tree that was taken off nothing can be mounted: nobody could unmount it. */
    int err = dentry_mount_of(ns, dir->inode->super) ? add_mount(ns, super, dir, super->attributes)
                                                     : -EINVAL;
    mutex_unlock(&mount_lock);
    return err;
}

static int mount_new(const char *source, struct dentry *dir, const struct fs_type *type,
                     const struct fs_config *config, u32 attributes)
{
    struct super *super = super_make(type, source, config);

    if (IS_ERR(super))
        return (int)PTR_ERR(super);
    dentry_change_attributes(super, NULL, 0, attributes);
    int err = mount_attach(super, dir);
    if (err)
        super_drop(super);
    return err;
}

/* Changes the mount whose root `dir` is, and unless config is NULL the options of the file system. */
static int remount(struct dentry *dir, const struct fs_config *config, u32 attributes)
{
    struct super *super = dir->inode->super;

    mutex_lock(&mount_lock);
    struct mount *m = mount_at_root(dir);
    int err = !m ? -EINVAL : config ? super_reconfigure(super, config) : 0;
    if (!err)
        dentry_change_attributes(super, m, MOUNT_ALL, attributes);
    mutex_unlock(&mount_lock);
    return err;
}

/* With MS_REMOUNT. */
static int remount_at(struct dentry *dir, unsigned long flags, char *options)
{
    struct fs_config config = {.readonly = flags & MS_RDONLY};

    if (flags & MS_BIND)
        return remount(dir, NULL, flags & MOUNT_ALL);
    int err = fs_config_parse(&config, dir->inode->super->type, options);
    return err ? err : remount(dir, &config, flags & MOUNT_ALL);
}

static int mount_at(const char *source, struct dentry *dir, const char *type_name,
                    unsigned long flags, char *options)
{
    struct fs_config config = {.readonly = flags & MS_RDONLY};

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
    return err ? err : mount_new(source, dir, type, &config, flags & MOUNT_ALL);
}

/*
 * How events would propagate from and to the mount at `dir`. Nothing does, so that is how it is already: a slave has no
 * master here, and what is private stays so.
 */
static int set_propagation(const struct dentry *dir, unsigned long flags)
{
    const unsigned long kinds = MS_PRIVATE | MS_SLAVE;

    if (flags & ~(kinds | MS_REC | MS_SILENT) || (flags & kinds) == kinds)
        return -EINVAL;
    return is_mounted_root(dir) ? 0 : -EINVAL;
}

int vfs_mount(const char *source, struct dentry *at, const char *path, const char *type,
              unsigned long flags, char *options)
{
    const unsigned long propagation = MS_PRIVATE | MS_SLAVE | MS_REC;
    const unsigned long known = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS |
                                MS_REMOUNT | MS_BIND | MS_NOATIME | MS_NODIRATIME | MS_SILENT |
                                MS_RELATIME | MS_STRICTATIME;
    struct dentry *dir;

    if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
        flags &= ~MS_MGC_MSK;
    if (flags & ~(known | propagation))
        return -EINVAL;
    int err = path_lookup(at, path, LOOKUP_FOLLOW, &dir);
    if (err)
        return err;
    if (flags & propagation)
        err = set_propagation(dir, flags);
    else if (flags & MS_REMOUNT)
        err = remount_at(dir, flags, options);
    else if (flags & MS_BIND)
        err = -EINVAL;
    else
        err = mount_at(source, dir, type, flags, options);
    dentry_put(dir);
    return err;
}

/* --- unmounting ------------------------------------------------------------------------------ */

/* Moves the mount from the list of all to the end of *gone, unless it is busy; see dentry_uncover for `held`. */
static int take_off(struct mount *m, int held, struct mount ***gone)
{
    int err = dentry_uncover(m, held);

    if (err)
        return err;
    list_take(m);
    m->last = !m->super->mounts;
    m->next = NULL;
    **gone = m;
    *gone = &m->next;
    return 0;
}

/* What was taken off goes, with the file systems that are mounted nowhere any more. Without the mutex. */
static void drop_mounts(struct mount *m)
{
    while (m) {
        struct mount *next = m->next;

        if (m->last)
            super_drop(m->super);
        kfree(m);
        m = next;
    }
}

static struct mount *mounted_inside(const struct mount *outer)
{
    struct mount *m = next_of(outer->ns, NULL);

    while (m && !(m->covered && m->covered->inode->super == outer->super))
        m = next_of(outer->ns, m);
    return m;
}

/* `root` is referenced once by the caller. On success the mounts in the list *gone are to be dropped. */
static int unmount_root(struct dentry *root, unsigned flags, struct mount **gone)
{
    bool detach = flags & MNT_DETACH;
    struct mount *m = dentry_mount_of(current_ns(NS_MNT), root->inode->super), *inner;
    struct mount **end = gone;

    if (!is_mounted_root(root) || !m || !m->covered)
        return -EINVAL;
    if (!detach && mounted_inside(m))
        return -EBUSY;
    int err = take_off(m, detach ? -1 : 1, &end);
    if (err)
        return err;
    /* What is mounted inside goes along, as nobody could name it any more. */
    for (; m; m = m->next)
        while ((inner = mounted_inside(m)))
            take_off(inner, -1, &end);
    return 0;
}

int vfs_umount(struct dentry *at, const char *path, unsigned flags)
{
    struct mount *gone = NULL;
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
    drop_mounts(gone);
    return err;
}

/* --- namespaces ------------------------------------------------------------------------------ */

static void free_mounts(struct ns *ns)
{
    struct mount *gone = NULL, *m;
    struct mount **end = &gone;

    mutex_lock(&mount_lock);
    while ((m = next_of(ns, NULL)))
        take_off(m, -1, &end);
    mutex_unlock(&mount_lock);
    drop_mounts(gone);
}

static int copy_mounts(struct ns *ns, const struct ns *from)
{
    int err = 0;

    mutex_lock(&mount_lock);
    for (struct mount *m = next_of(from, NULL); m && !err; m = next_of(from, m))
        err = add_mount(ns, m->super, m->covered, m->attributes);
    mutex_unlock(&mount_lock);
    if (err)
        free_mounts(ns);
    return err;
}

/* The root of a namespace, with what is mounted upon it; referenced. */
static struct dentry *root_of(const struct ns *ns)
{
    mutex_lock(&mount_lock);
    struct dentry *root = dentry_get(next_of(ns, NULL)->super->root);
    mutex_unlock(&mount_lock);
    return dentry_cross_down(ns, root);
}

/* Whoever comes in stands at the root, as on Linux; others must not be taken along. */
static int enter_mounts(struct ns *ns)
{
    if (fs_context_is_shared())
        return -EINVAL;
    struct dentry *root = root_of(ns);
    int err = fs_chroot(root);
    if (!err)
        err = fs_chdir(root);
    dentry_put(root);
    return err;
}

static const struct ns_part mounts_part = {
    .name = "mounts", .make = copy_mounts, .free = free_mounts, .enter = enter_mounts};

void mount_init(void)
{
    ns_part_register(NS_MNT, NS_MNT_MOUNTS, &mounts_part, NULL);
}
