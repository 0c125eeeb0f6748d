/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The in-memory file system (see include/fs/ramfs.h).
 *
 * Names are linked dentries, contents are a page cache without backing. inode->lock serialises
 * writers of one file (so that O_APPEND and the position agree); readers take no lock: they see
 * whole pages as they were before or after. The lock is held across user copies, which may
 * fault pages in, even of the same file: page faults never take it.
 */
#include <fs/ramfs.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/resource.h>
#include <abi/linux/stat.h>
#include <abi/linux/statfs.h>
#include <fs/dentry.h>
#include <fs/dev.h>
#include <fs/file.h>
#include <fs/permission.h>
#include <fs/pipe.h>
#include <fs/seals.h>
#include <fs/super.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/num.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/pcache.h>
#include <mm/slab.h>

/* Bytes written between looks at free memory and at signals. */
#define PORTION (256 * KiB)

/* Free pages that files leave alone: a sixteenth of all, at least 64, at most 4096 (16 MiB). */
static u64 reserve_pages;

/* What a file system of this kind may hold can be limited: then its inodes and frames are counted. */
#define LIMITS (BIT(FS_OPTION_SIZE) | BIT(FS_OPTION_INODES))

static bool is_counted(const struct super *super)
{
    return super->type->options & LIMITS;
}

static void uncount(struct super *super)
{
    if (is_counted(super))
        super_uncharge_inode(super);
}

/* Memory for an inode, from a cache of such, or ERR_PTR(-ENOSPC, -ENOMEM). */
static void *alloc_inode(struct super *super, struct slab_cache *cache)
{
    if (is_counted(super) && !super_charge_inode(super))
        return ERR_PTR(-ENOSPC);
    void *inode = slab_alloc(cache);
    if (inode)
        return inode;
    uncount(super);
    return ERR_PTR(-ENOMEM);
}

struct ram_file {
    struct inode inode;
    struct pcache data;
    struct seals seals;
    char *label; /* what mappings are called, or NULL: by the file's name */
};

static SLAB_CACHE(file_cache, "ramfs file", sizeof(struct ram_file), 8);
static SLAB_CACHE(inode_cache, "ramfs inode", sizeof(struct inode), 8);

static struct ram_file *file_of(struct inode *inode)
{
    return container_of(inode, struct ram_file, inode);
}

static struct pcache *data_of(struct inode *inode)
{
    return &file_of(inode)->data;
}

static struct seals *ram_seals(struct inode *inode)
{
    return &file_of(inode)->seals;
}

/* --- contents -------------------------------------------------------------------------------- */

static int to_caller(void *ctx, const void *frame, size_t n)
{
    return iobuf_write(ctx, frame, n);
}

static int from_caller(void *ctx, void *frame, size_t n)
{
    return iobuf_read(ctx, frame, n);
}

static ssize_t ram_read(struct file *file, struct iobuf *to, u64 *pos)
{
    ssize_t n = pcache_read(data_of(file->inode), *pos, to->left, to_caller, to);

    if (n > 0)
        *pos += (u64)n;
    return n;
}

/* Bytes that RLIMIT_FSIZE allows at `pos`; a write that may add none gets a signal. */
static ssize_t limit_size(u64 pos, size_t want)
{
    u64 limit =
        current_thread() && current_thread()->process ? rlimit_current(RLIMIT_FSIZE) : RLIMIT_NONE;

    if (likely(limit == RLIMIT_NONE || !want))
        return (ssize_t)want;
    if (pos >= limit) {
        sig_send_thread(current_thread(), SIGXFSZ, NULL);
        return -EFBIG;
    }
    return (ssize_t)MIN(want, limit - pos);
}

/* Whether RLIMIT_FSIZE lets a file grow to `size`. */
static int may_end_at(u64 size)
{
    ssize_t n = limit_size(size - 1, 1);

    return (int)MIN(n, 0);
}

/*
 * Whether files may take more memory for [pos, pos + n): the last pages are not for them, so that there
 * is room for the shell that removes the file. Writes into frames that exist always go on.
 */
static bool may_grow(struct pcache *data, u64 pos, size_t n)
{
    return pos + n <= ALIGN_UP(pcache_size(data), PAGE_SIZE) || page_free_count() > reserve_pages;
}

/* Writes in portions, and looks around between them. */
static ssize_t write_portions(struct pcache *data, u64 pos, size_t len, struct iobuf *from)
{
    size_t done = 0;

    while (done < len) {
        size_t want = MIN(len - done, PORTION);
        ssize_t n = -ENOSPC;

        if (may_grow(data, pos + done, want))
            n = pcache_write(data, pos + done, want, from_caller, from);
        if (n <= 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
        if ((size_t)n < want || (done < len && sig_fatal_pending()))
            break;
    }
    return (ssize_t)done;
}

static ssize_t write_locked(struct file *file, struct iobuf *from, u64 *pos)
{
    struct pcache *data = data_of(file->inode);

    if (file->flags & O_APPEND)
        *pos = pcache_size(data);
    ssize_t n = limit_size(*pos, from->left);
    size_t len = (size_t)MAX(n, 0);
    if (n > 0)
        n = seals_check_write(ram_seals(file->inode), *pos, pcache_size(data), &len);
    if (!n && len)
        n = write_portions(data, *pos, len, from);
    if (n > 0)
        *pos += (u64)n;
    return n;
}

static ssize_t ram_write(struct file *file, struct iobuf *from, u64 *pos)
{
    mutex_lock(&file->inode->lock);
    ssize_t n = write_locked(file, from, pos);
    if (n > 0)
        inode_drop_set_id(file->inode);
    mutex_unlock(&file->inode->lock);
    if (n > 0)
        inode_modified(file->inode);
    return n == -ENOMEM ? -ENOSPC : n;
}

/* A mapping that may be written to is counted, unless seals say that there may be none. */
static bool claim_writer(struct inode *inode)
{
    mutex_lock(&inode->lock);
    bool may = seals_claim(ram_seals(inode));
    mutex_unlock(&inode->lock);
    return may;
}

static int ram_mmap(struct file *file, u64 offset, bool *writable, struct pager **out)
{
    struct pager *pager = &data_of(file->inode)->pager;

    (void)offset;
    *writable = *writable && claim_writer(file->inode);
    pager->ops->hold(pager);
    *out = pager;
    return 0;
}

#define PUNCH_HOLE 2u /* FALLOC_FL_PUNCH_HOLE */

/* Frames for [offset, offset + len). What was booked before memory ran out stays. */
static int book_frames(struct pcache *data, u64 offset, u64 len)
{
    u64 last = (offset + len - 1) / PAGE_SIZE;

    for (u64 index = offset / PAGE_SIZE; index <= last; index++) {
        if (page_free_count() <= reserve_pages || pcache_book(data, index))
            return -ENOSPC;
        if (sig_fatal_pending())
            return -EINTR;
        cond_yield();
    }
    return 0;
}

static int punch_locked(struct inode *inode, u64 offset, u64 len)
{
    int err = seals_check_change(ram_seals(inode));

    if (!err)
        pcache_punch(data_of(inode), offset, len);
    return err;
}

static int book_locked(struct inode *inode, bool grow, u64 offset, u64 len)
{
    struct pcache *data = data_of(inode);
    u64 size = grow ? MAX(offset + len, pcache_size(data)) : pcache_size(data);
    int err = seals_check_resize(ram_seals(inode), pcache_size(data), MAX(offset + len, size));

    if (!err && offset + len > pcache_size(data))
        err = may_end_at(offset + len);
    if (!err)
        err = book_frames(data, offset, len);
    if (!err && size > pcache_size(data))
        err = pcache_truncate(data, size);
    return err;
}

static int ram_allocate(struct file *file, unsigned mode, u64 offset, u64 len)
{
    struct inode *inode = file->inode;

    if (mode & ~(PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) || mode == PUNCH_HOLE)
        return -EOPNOTSUPP;
    mutex_lock(&inode->lock);
    int err = mode & PUNCH_HOLE ? punch_locked(inode, offset, len)
                                : book_locked(inode, !mode, offset, len);
    mutex_unlock(&inode->lock);
    return err;
}

static const struct file_ops ram_file_ops = {
    .read = ram_read,
    .write = ram_write,
    .lseek = file_lseek_regular,
    .mmap = ram_mmap,
    .allocate = ram_allocate,
};

/* Sockets and disks have names but no drivers. */
static int no_device_open(struct file *file)
{
    (void)file;
    return -ENXIO;
}

static const struct file_ops no_device_ops = {.open = no_device_open};

/* --- the page cache's view of its owner ------------------------------------------------------- */

static struct inode *inode_of(struct pcache *data)
{
    return &container_of(data, struct ram_file, data)->inode;
}

static void data_hold(struct pcache *data)
{
    inode_get(inode_of(data));
}

static void data_release(struct pcache *data)
{
    inode_put(inode_of(data));
}

static void data_writers(struct pcache *data, int change)
{
    __atomic_fetch_add(&container_of(data, struct ram_file, data)->seals.writers, change,
                       __ATOMIC_RELEASE);
}

static const char *data_name(struct pcache *data, char *buf, size_t len)
{
    const char *label = container_of(data, struct ram_file, data)->label;

    if (label) {
        fmt_snprintf(buf, len, "/%s (deleted)", label);
        return buf;
    }
    struct dentry *d = dentry_of_inode(inode_of(data));
    const char *path = d ? dentry_path(d, NULL, buf, len, true) : "(deleted)";

    dentry_put(d);
    return IS_ERR(path) ? "(long name)" : path;
}

static void data_identity(struct pcache *data, u64 *dev, u64 *ino)
{
    *dev = inode_of(data)->super->dev;
    *ino = inode_of(data)->ino;
}

static bool data_charge(struct pcache *data)
{
    return super_charge_pages(inode_of(data)->super, 1);
}

static void data_uncharge(struct pcache *data, u64 frames)
{
    super_uncharge_pages(inode_of(data)->super, frames);
}

#define DATA_OPS                                                                                  \
    .hold = data_hold, .release = data_release, .count_writers = data_writers, .name = data_name, \
    .identity = data_identity

/* What is booked in a tmpfs is made ready frame by frame, as Linux does; elsewhere four at a time. */
static const struct pcache_ops data_ops = {DATA_OPS, .ahead = 3};
static const struct pcache_ops counted_data_ops = {DATA_OPS, .charge = data_charge,
                                                   .uncharge = data_uncharge};

/* --- inodes ---------------------------------------------------------------------------------- */

static u64 ram_size(struct inode *inode)
{
    return pcache_size(data_of(inode));
}

static u64 ram_pages(struct inode *inode)
{
    return pcache_frames(data_of(inode));
}

static int ram_truncate(struct inode *inode, u64 size)
{
    int err = seals_check_resize(ram_seals(inode), ram_size(inode), size);

    if (!err && size > ram_size(inode))
        err = may_end_at(size);
    return err ? err : pcache_truncate(data_of(inode), size);
}

static void release_file(struct inode *inode)
{
    uncount(inode->super);
    pcache_destroy(data_of(inode));
    kfree(file_of(inode)->label);
    slab_free(&file_cache, file_of(inode));
}

static ssize_t ram_readlink(struct inode *inode, char *buf, size_t size)
{
    size_t n = MIN(size, (size_t)inode->size);

    memcpy(buf, inode->private, n);
    return (ssize_t)n;
}

static void release_link(struct inode *inode)
{
    uncount(inode->super);
    kfree(inode->private);
    slab_free(&inode_cache, inode);
}

static void release_other(struct inode *inode)
{
    uncount(inode->super);
    if (S_ISFIFO(inode->mode))
        fifo_release(inode);
    slab_free(&inode_cache, inode);
}

static struct inode *ram_make(struct inode *dir, u32 mode, u32 rdev, const char *target);

static const struct inode_ops dir_ops = {.make = ram_make, .release = release_other};
static const struct inode_ops other_ops = {.release = release_other};
static const struct inode_ops link_ops = {.readlink = ram_readlink, .release = release_link};
static const struct inode_ops file_inode_ops = {
    .truncate = ram_truncate,
    .size = ram_size,
    .pages = ram_pages,
    .seals = ram_seals,
    .release = release_file,
};

static struct inode *make_file(struct super *super, u32 mode)
{
    struct ram_file *file = alloc_inode(super, &file_cache);

    if (IS_ERR(file))
        return ERR_PTR(PTR_ERR(file));
    inode_init(&file->inode, super, mode);
    pcache_init(&file->data, is_counted(super) ? &counted_data_ops : &data_ops);
    file->seals = (struct seals){.bits = F_SEAL_SEAL};
    file->label = NULL;
    file->inode.ops = &file_inode_ops;
    file->inode.file_ops = &ram_file_ops;
    return &file->inode;
}

struct inode *ramfs_make_file(struct super *super, u32 mode, const char *label, u32 seals)
{
    char *copy = kmalloc(strlen(label) + 1);
    struct inode *inode = copy ? make_file(super, mode) : ERR_PTR(-ENOMEM);

    if (IS_ERR(inode)) {
        kfree(copy);
        return inode;
    }
    memcpy(copy, label, strlen(label) + 1);
    file_of(inode)->label = copy;
    file_of(inode)->seals.bits = seals;
    inode->nlink = 0;
    return inode;
}

static const struct file_ops *ops_of_type(u32 mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return &dir_file_ops;
    case S_IFCHR:
        return &cdev_file_ops;
    case S_IFIFO:
        return &fifo_file_ops;
    default:
        return &no_device_ops;
    }
}

static struct inode *make_plain(struct super *super, u32 mode, u32 rdev)
{
    struct inode *inode = alloc_inode(super, &inode_cache);

    if (IS_ERR(inode))
        return inode;
    inode_init(inode, super, mode);
    inode->ops = S_ISDIR(mode) ? &dir_ops : &other_ops;
    inode->file_ops = ops_of_type(mode);
    inode->rdev = rdev;
    return inode;
}

static struct inode *make_link(struct super *super, u32 mode, const char *target)
{
    size_t len = strlen(target);
    char *copy = kmalloc(len);

    if (!copy)
        return ERR_PTR(-ENOMEM);
    memcpy(copy, target, len);
    struct inode *inode = make_plain(super, mode, 0);
    if (IS_ERR(inode)) {
        kfree(copy);
        return inode;
    }
    inode->ops = &link_ops;
    inode->private = copy;
    inode->size = len;
    return inode;
}

static struct inode *ram_make(struct inode *dir, u32 mode, u32 rdev, const char *target)
{
    if (S_ISREG(mode))
        return make_file(dir->super, mode);
    if (S_ISLNK(mode))
        return make_link(dir->super, mode, target);
    return make_plain(dir->super, mode, rdev);
}

/* --- types ----------------------------------------------------------------------------------- */

int ramfs_mount_root(struct super *super, u32 mode)
{
    struct inode *inode = make_plain(super, S_IFDIR | mode, 0);

    if (IS_ERR(inode))
        return (int)PTR_ERR(inode);
    super->root = dentry_make_root(inode);
    return super->root ? 0 : -ENOMEM;
}

/* The root as the options want it; else with the permissions that are usual. */
static int mount_root(struct super *super, u32 usual_mode)
{
    int err =
        ramfs_mount_root(super, (u32)fs_config_get(&super->config, FS_OPTION_MODE, usual_mode));

    if (err)
        return err;
    super->root->inode->uid = (u32)fs_config_get(&super->config, FS_OPTION_UID, 0);
    super->root->inode->gid = (u32)fs_config_get(&super->config, FS_OPTION_GID, 0);
    return 0;
}

static int mount_ramfs(struct super *super)
{
    return mount_root(super, 0755);
}

static int mount_tmpfs(struct super *super)
{
    return mount_root(super, 01777);
}

static int add_node(struct super *super, const struct cdev *cdev)
{
    struct inode *inode = make_plain(super, S_IFCHR | cdev->mode, cdev->dev);

    if (IS_ERR(inode))
        return (int)PTR_ERR(inode);
    struct dentry *d = dentry_make(super->root, cdev->name, strlen(cdev->name), inode);
    int err = d ? dentry_link(d) : -ENOMEM;
    dentry_put(d);
    return err;
}

/* A fresh directory with a node for each device that is known now. */
static int mount_devtmpfs(struct super *super)
{
    int err = mount_root(super, 0755);

    for (struct cdev *cdev = cdev_next(NULL); !err && cdev; cdev = cdev_next(cdev))
        err = add_node(super, cdev);
    if (err && super->root) {
        dentry_drop_tree(super->root);
        dentry_put(super->root);
        super->root = NULL;
    }
    return err;
}

#define TMPFS_OPTIONS (LIMITS | BIT(FS_OPTION_MODE) | BIT(FS_OPTION_UID) | BIT(FS_OPTION_GID))

void ramfs_init(void)
{
    static struct fs_type all[] = {
        {.name = "ramfs",
         .lenient = true,
         .options = BIT(FS_OPTION_MODE),
         .magic = RAMFS_MAGIC,
         .mount = mount_ramfs},
        {.name = "tmpfs", .options = TMPFS_OPTIONS, .magic = TMPFS_MAGIC, .mount = mount_tmpfs},
        {.name = "devtmpfs",
         .alone = true,
         .options = TMPFS_OPTIONS,
         .magic = TMPFS_MAGIC,
         .mount = mount_devtmpfs},
    };
    struct page_stats memory;

    page_stats(&memory);
    reserve_pages = MIN(MAX(memory.total / 16, 64ul), 4096ul);
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
        all[i].nodev = true;
        all[i].in_memory = true;
        all[i].changeable = all[i].options & LIMITS;
        fs_type_register(&all[i]);
    }
}
