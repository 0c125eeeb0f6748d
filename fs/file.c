/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files (see include/fs/file.h): their life, and what every kind of file has in common when
 * it is read, written and positioned.
 */
#include <fs/file.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/ioctl.h>
#include <abi/linux/stat.h>
#include <base/atomic.h>
#include <fs/dentry.h>
#include <fs/inode.h>
#include <fs/mount.h>
#include <fs/reclock.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <lib/err.h>
#include <mm/page.h>
#include <mm/pager.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

static SLAB_CACHE(file_cache, "file", sizeof(struct file), 8);

void (*file_unwatch)(struct file *file);

/* O_PATH: a handle on a name, good for *at calls and fstat alone. */
static const struct file_ops path_ops = {.stream = true};

/* --- life ------------------------------------------------------------------------------------ */

static u8 access_of(unsigned flags)
{
    static const u8 access[] = {FILE_READ, FILE_WRITE, FILE_READ | FILE_WRITE, 0};

    return flags & O_PATH ? 0 : access[flags & O_ACCMODE];
}

static void file_init(struct file *file, struct inode *inode, struct dentry *dentry, unsigned flags)
{
    file->ops = flags & O_PATH ? &path_ops : inode->file_ops;
    file->inode = dentry ? dentry_get(dentry)->inode : inode_get(inode);
    file->dentry = dentry;
    file->private = NULL;
    file->pos = 0;
    file->flags = flags;
    file->refs = 1;
    file->access = access_of(flags);
    file->flocked = false;
    file->watches = NULL;
    file->pos_lock = (struct mutex)MUTEX_INIT(file->pos_lock, "file position");
}

static void file_free(struct file *file)
{
    if (file->dentry)
        dentry_put(file->dentry);
    else
        inode_put(file->inode);
    slab_free(&file_cache, file);
}

struct file *file_open(struct inode *inode, struct dentry *dentry, unsigned flags)
{
    struct file *file = slab_alloc(&file_cache);

    if (!file)
        return ERR_PTR(-ENOMEM);
    file_init(file, inode, dentry, flags);
    int err = file->ops->open ? file->ops->open(file) : 0;
    if (!err) {
        file->flags &= ~(unsigned)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
        return file;
    }
    file_free(file);
    return ERR_PTR(err);
}

struct file *file_make(struct inode *inode, const struct file_ops *ops, void *private,
                       unsigned flags)
{
    struct file *file = slab_alloc(&file_cache);

    if (!file)
        return NULL;
    file_init(file, inode, NULL, flags);
    file->ops = ops;
    file->private = private;
    return file;
}

struct file *file_get(struct file *file)
{
    atomic_add_relaxed(&file->refs, 1);
    return file;
}

bool file_get_live(struct file *file)
{
    u32 refs = atomic_load_relaxed(&file->refs);

    while (refs && !atomic_cas(&file->refs, &refs, refs + 1))
        ;
    return refs;
}

void file_put(struct file *file)
{
    if (atomic_fetch_sub(&file->refs, 1) != 1)
        return;
    if (unlikely(file->flocked))
        file_flock_drop(file);
    reclock_drop(file->inode, file);
    if (unlikely(atomic_load_acquire(&file->watches)))
        file_unwatch(file);
    if (file->ops->release)
        file->ops->release(file);
    file_free(file);
}

/* --- reading and writing --------------------------------------------------------------------- */

/*
 * Whether the position needs its lock: not with one reference, since then nobody else can get at
 * the file while this call runs; not for streams, which have none (and may sleep for long).
 */
static inline bool needs_lock(struct file *file)
{
    if (file->ops->stream)
        return false;
    u32 refs = atomic_load_relaxed(&file->refs);
    atomic_acquire_fence(); /* alone: behind what the last of the others left as position */
    return unlikely(refs != 1);
}

static bool lock_pos(struct file *file)
{
    bool locked = needs_lock(file);

    if (locked)
        mutex_lock(&file->pos_lock);
    return locked;
}

static void unlock_pos(struct file *file, bool locked)
{
    if (locked)
        mutex_unlock(&file->pos_lock);
}

static __noinline ssize_t read_locked(struct file *file, struct iobuf *to)
{
    mutex_lock(&file->pos_lock);
    ssize_t n = file->ops->read(file, to, &file->pos);
    mutex_unlock(&file->pos_lock);
    return n;
}

static __noinline ssize_t write_locked(struct file *file, struct iobuf *from)
{
    mutex_lock(&file->pos_lock);
    ssize_t n = file->ops->write(file, from, &file->pos);
    mutex_unlock(&file->pos_lock);
    return n;
}

ssize_t file_read(struct file *file, struct iobuf *to)
{
    if (unlikely(!(file->access & FILE_READ)))
        return -EBADF;
    if (unlikely(!file->ops->read))
        return -EINVAL;
    if (needs_lock(file))
        return read_locked(file, to);
    return file->ops->read(file, to, &file->pos);
}

ssize_t file_write(struct file *file, struct iobuf *from)
{
    if (unlikely(!(file->access & FILE_WRITE)))
        return -EBADF;
    if (unlikely(!file->ops->write))
        return -EINVAL;
    if (needs_lock(file))
        return write_locked(file, from);
    return file->ops->write(file, from, &file->pos);
}

static int check_positioned(struct file *file, unsigned access, u64 pos)
{
    if (!(file->access & access))
        return -EBADF;
    if (!file->ops->lseek)
        return -ESPIPE;
    return (s64)pos < 0 ? -EINVAL : 0;
}

ssize_t file_pread(struct file *file, struct iobuf *to, u64 pos)
{
    int err = check_positioned(file, FILE_READ, pos);

    if (err)
        return err;
    return file->ops->read ? file->ops->read(file, to, &pos) : -EINVAL;
}

ssize_t file_pwrite(struct file *file, struct iobuf *from, u64 pos)
{
    int err = check_positioned(file, FILE_WRITE, pos);

    if (err)
        return err;
    return file->ops->write ? file->ops->write(file, from, &pos) : -EINVAL;
}

/*
 * Writes what was read into `page`; the bytes that went out, or an error when none did. A write may take
 * bytes without looking at them (/dev/null), so what it returns counts and not what is left.
 */
static ssize_t send_page(struct file *out, const char *page, size_t n)
{
    size_t done = 0;

    while (done < n) {
        struct iobuf iob = iobuf_kernel(page + done, n - done);
        ssize_t sent = file_write(out, &iob);
        if (sent <= 0)
            return done ? (ssize_t)done : sent;
        done += (size_t)sent;
    }
    return (ssize_t)n;
}

static ssize_t send_all(struct file *out, struct file *in, u64 *pos, size_t count, void *page)
{
    size_t done = 0;

    while (done < count) {
        size_t want = MIN(count - done, PAGE_SIZE);
        struct iobuf iob = iobuf_kernel(page, want);
        ssize_t n = file_pread(in, &iob, *pos);

        if (n > 0)
            n = send_page(out, page, (size_t)n);
        if (n <= 0)
            return done ? (ssize_t)done : n;
        *pos += (u64)n;
        done += (size_t)n;
        cond_yield();
        if ((size_t)n < want || sig_pending(current_thread()))
            break;
    }
    return (ssize_t)done;
}

/*
 * No position is locked while bytes move: `out` may have one too, and two calls in opposite
 * directions would wait for each other. Who shares `in` meanwhile sees its position move at the end.
 */
ssize_t file_send(struct file *out, struct file *in, u64 *pos, size_t count)
{
    u64 at = pos ? *pos : READ_ONCE(in->pos);

    if (!(in->access & FILE_READ) || !(out->access & FILE_WRITE))
        return -EBADF;
    if (!in->ops->lseek || !in->ops->read || out->flags & O_APPEND)
        return -EINVAL;
    struct page *page = page_alloc(0, 0, PAGE_KERNEL);
    if (!page)
        return -ENOMEM;
    ssize_t n = send_all(out, in, &at, count, page_to_virt(page));
    page_put(page);
    if (pos)
        *pos = at;
    else
        WRITE_ONCE(in->pos, at);
    return n;
}

/* --- positions ------------------------------------------------------------------------------- */

s64 file_lseek(struct file *file, s64 offset, int whence)
{
    if (file->flags & O_PATH)
        return -EBADF;
    if (!file->ops->lseek)
        return -ESPIPE;
    bool locked = lock_pos(file);
    s64 pos = file->ops->lseek(file, offset, whence);
    unlock_pos(file, locked);
    return pos;
}

/* Where `offset` counts from, or -EINVAL; DATA and HOLE see data up to the size. */
static s64 seek_base(struct file *file, s64 *offset, int whence, u64 size)
{
    switch (whence) {
    case SEEK_SET:
        return 0;
    case SEEK_CUR:
        return (s64)file->pos;
    case SEEK_END:
        return (s64)size;
    case SEEK_DATA:
    case SEEK_HOLE:
        if (*offset < 0 || (u64)*offset >= size)
            return -ENXIO;
        if (whence == SEEK_HOLE)
            *offset = (s64)size;
        return 0;
    default:
        return -EINVAL;
    }
}

s64 file_lseek_size(struct file *file, s64 offset, int whence, u64 size)
{
    s64 base = seek_base(file, &offset, whence, size);
    s64 pos;

    if (base < 0)
        return base;
    if (__builtin_add_overflow(base, offset, &pos))
        return -EOVERFLOW;
    if (pos < 0)
        return -EINVAL;
    file->pos = (u64)pos;
    return pos;
}

s64 file_lseek_regular(struct file *file, s64 offset, int whence)
{
    return file_lseek_size(file, offset, whence, inode_size(file->inode));
}

s64 file_lseek_null(struct file *file, s64 offset, int whence)
{
    (void)offset;
    (void)whence;
    file->pos = 0;
    return 0;
}

/* --- the rest -------------------------------------------------------------------------------- */

/* Flags of an open file are changed by several at once, each others of them. */
static void change_flags(struct file *file, unsigned which, unsigned values)
{
    u32 old = READ_ONCE(file->flags);

    while (!atomic_cas(&file->flags, &old, (old & ~which) | (values & which)))
        ;
}

static long set_nonblock(struct file *file, vaddr_t arg)
{
    s32 on;
    int err = copyin_obj(&on, arg);

    if (!err)
        change_flags(file, O_NONBLOCK, on ? O_NONBLOCK : 0);
    return err;
}

long file_ioctl(struct file *file, unsigned cmd, vaddr_t arg)
{
    if (file->flags & O_PATH)
        return -EBADF;
    if (cmd == FIONBIO)
        return set_nonblock(file, arg);
    return file->ops->ioctl ? file->ops->ioctl(file, cmd, arg) : -ENOTTY;
}

int file_readdir(struct file *file, struct dirent_sink *sink)
{
    if (file->flags & O_PATH)
        return -EBADF;
    if (!file->ops->readdir)
        return -ENOTDIR;
    bool locked = lock_pos(file);
    int err = file->inode->nlink ? file->ops->readdir(file, sink) : -ENOENT;
    unlock_pos(file, locked);
    return err;
}

int file_allocate(struct file *file, unsigned mode, u64 offset, u64 len)
{
    if (!(file->access & FILE_WRITE))
        return -EBADF;
    if ((s64)offset < 0 || (s64)len <= 0)
        return -EINVAL;
    if ((s64)(offset + len) < 0)
        return -EFBIG;
    if (file->ops->allocate)
        return file->ops->allocate(file, mode, offset, len);
    return S_ISFIFO(file->inode->mode) ? -ESPIPE : -EOPNOTSUPP;
}

int file_mmap(struct file *file, const struct file_mapping *how, bool *writable, struct pager **out)
{
    *writable = how->shared && file->access & FILE_WRITE;
    if (file->flags & O_PATH)
        return -EBADF;
    if (!(file->access & FILE_READ) || (how->shared && how->write && !*writable))
        return -EACCES;
    if (how->exec && mount_has(file->inode, MOUNT_NOEXEC))
        return -EPERM;
    if (!file->ops->mmap)
        return -ENODEV;
    int err = file->ops->mmap(file, how->offset, writable, out);
    if (err || !how->shared || !how->write || *writable)
        return err;
    pager_put(*out);
    return -EPERM;
}

int file_exec_pager(struct file *file, struct pager **out)
{
    const struct file_mapping whole = {.offset = 0};
    bool writable;
    int err = S_ISREG(file->inode->mode) ? file_mmap(file, &whole, &writable, out) : -ENODEV;

    return err ? -ENOEXEC : 0;
}

int file_set_flags(struct file *file, unsigned flags)
{
    const unsigned may_change = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

    if (file->flags & O_PATH)
        return -EBADF;
    change_flags(file, may_change, flags);
    return 0;
}
