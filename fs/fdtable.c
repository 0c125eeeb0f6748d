/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables (see include/fs/fdtable.h).
 *
 * A table is two bitmaps and an array. A descriptor is taken when its bit in `open` is set; its
 * file may still be NULL (reserved by a call that is under way). All descriptors below `lowest`
 * are taken. The three arrays lie in the table while 64 descriptors suffice, else in one block.
 *
 * Locks: `lookers` keeps a thread's table from going away under somebody who looks from outside, where
 * process_lock, before it, keeps the thread; then the table's lock. Files are put, which may sleep, after both.
 */
#include <fs/fdtable.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/resource.h>
#include <abi/linux/sched.h>
#include <base/atomic.h>
#include <base/spinlock.h>
#include <fs/dentry.h>
#include <fs/reclock.h>
#include <kernel/process.h>
#include <lib/bitmap.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>

#define FD_FIRST 64u /* descriptors without a block of their own */

struct fdtable {
    struct fd_array fds; /* first, for fd_get() */
    struct spinlock lock;
    u32 lowest;
    unsigned long *open;
    unsigned long *cloexec;
    unsigned long first_bits[2 * BITMAP_WORDS(FD_FIRST)];
    struct file *first_files[FD_FIRST];
};

static struct spinlock lookers = SPINLOCK_INIT("fd lookers");
static SLAB_CACHE(fdtable_cache, "fdtable", sizeof(struct fdtable), 8);

/* --- tables ---------------------------------------------------------------------------------- */

static struct fdtable *current_table(void)
{
    return current_thread()->part[THREAD_PART_FILES];
}

/* Whether the current thread is the only one that can change or use its table. */
static bool is_private(const struct fdtable *t)
{
    bool alone = atomic_load_relaxed(&t->fds.users) == 1;

    atomic_acquire_fence(); /* behind what the others did before they went */
    return alone;
}

static struct fdtable *table_make(void)
{
    struct fdtable *t = slab_zalloc(&fdtable_cache);

    if (!t)
        return NULL;
    spin_init(&t->lock, "fd table");
    t->fds.users = 1;
    t->fds.size = FD_FIRST;
    t->fds.files = t->first_files;
    t->open = t->first_bits;
    t->cloexec = t->first_bits + BITMAP_WORDS(FD_FIRST);
    return t;
}

static void *block_of(struct fdtable *t)
{
    return t->fds.files == t->first_files ? NULL : t->fds.files;
}

static void table_free(struct fdtable *t)
{
    kfree(block_of(t));
    slab_free(&fdtable_cache, t);
}

/* One more than the last descriptor that is taken. */
static u32 table_end(const struct fdtable *t)
{
    return (u32)bitmap_end(t->open, t->fds.size);
}

static size_t block_bytes(u32 size)
{
    return size * sizeof(struct file *) + 2 * BITMAP_WORDS(size) * sizeof(unsigned long);
}

/* Moves the arrays into `block`, which is zeroed and has room for `size`. Under the lock. */
static void move_arrays(struct fdtable *t, void *block, u32 size)
{
    struct file **files = block;
    unsigned long *open = (unsigned long *)(files + size);
    unsigned long *cloexec = open + BITMAP_WORDS(size);

    memcpy(files, t->fds.files, t->fds.size * sizeof(*files));
    memcpy(open, t->open, BITMAP_WORDS(t->fds.size) * sizeof(*open));
    memcpy(cloexec, t->cloexec, BITMAP_WORDS(t->fds.size) * sizeof(*cloexec));
    t->fds.files = files;
    t->open = open;
    t->cloexec = cloexec;
    t->fds.size = size;
}

/* Makes room for descriptor `fd`; sizes are powers of two. 0 or -ENOMEM. */
static int table_grow(struct fdtable *t, u32 fd)
{
    u32 size = FD_FIRST;

    while (size <= fd)
        size *= 2;
    void *block = kzalloc(block_bytes(size));
    if (!block)
        return -ENOMEM;
    irqflags_t flags = spin_lock(&t->lock);
    void *old = block;
    if (t->fds.size < size) {
        old = block_of(t);
        move_arrays(t, block, size);
    }
    spin_unlock(&t->lock, flags);
    kfree(old);
    return 0;
}

/* --- borrowing ------------------------------------------------------------------------------- */

static struct fd_ref get_shared(struct fdtable *t, u32 fd)
{
    irqflags_t flags = spin_lock(&t->lock);
    struct file *file = fd < t->fds.size ? t->fds.files[fd] : NULL;

    if (file)
        file_get(file);
    spin_unlock(&t->lock, flags);
    return (struct fd_ref){.file = file, .counted = file};
}

struct fd_ref fd_get_counted(u32 fd)
{
    return get_shared(current_table(), fd);
}

struct file *fd_get_file(int fd)
{
    return get_shared(current_table(), (u32)fd).file;
}

int fd_get_at(int dirfd, struct dentry **out)
{
    *out = NULL;
    if (dirfd == AT_FDCWD)
        return 0;
    struct fd_ref ref = fd_get(dirfd);
    if (!ref.file)
        return -EBADF;
    if (ref.file->dentry)
        *out = dentry_get(ref.file->dentry);
    fd_put(ref);
    return *out ? 0 : -ENOTDIR;
}

/* The first open descriptor >= from of a thread of somebody's, which process_lock keeps. */
static int next_in_thread(struct thread *thread, size_t fd, struct file **file)
{
    spin_lock_nested(&lookers);
    struct fdtable *t = thread->part[THREAD_PART_FILES];
    if (t) {
        spin_lock_nested(&t->lock);
        for (; fd < t->fds.size && !*file; fd++)
            *file = t->fds.files[fd] ? file_get(t->fds.files[fd]) : NULL;
        spin_unlock_nested(&t->lock);
    }
    spin_unlock_nested(&lookers);
    return *file ? (int)fd - 1 : -1;
}

int fd_next_of(struct process *process, int tid, int from, struct file **file)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *thread = process_thread_or_any(process, tid);

    *file = NULL;
    int fd = thread ? next_in_thread(thread, (size_t)from, file) : -1;
    spin_unlock(&process_lock, flags);
    return fd;
}

/* --- taking and filling ---------------------------------------------------------------------- */

/* Descriptors that the limit allows. */
static u32 fd_limit(void)
{
    return (u32)MIN(READ_ONCE(current_process()->limit[RLIMIT_NOFILE].soft), (u64)FD_LIMIT);
}

static inline void take_locked(struct fdtable *t, u32 fd, unsigned flags)
{
    bitmap_set(t->open, fd);
    bitmap_clear(t->cloexec, fd);
    if (flags & O_CLOEXEC)
        bitmap_set(t->cloexec, fd);
    if (fd == t->lowest)
        t->lowest = fd + 1;
}

static void release_locked(struct fdtable *t, u32 fd)
{
    t->fds.files[fd] = NULL;
    bitmap_clear(t->open, fd);
    t->lowest = MIN(t->lowest, fd);
}

/* The lowest descriptor >= min that is free; it may lie beyond the table's end. */
static u32 find_free(const struct fdtable *t, u32 min)
{
    u32 from = MAX(min, t->lowest);

    if (from >= t->fds.size)
        return from;
    return (u32)bitmap_next_clear(t->open, t->fds.size, from);
}

static __noinline int reserve_any(struct fdtable *t, int min, unsigned flags)
{
    u32 limit = fd_limit();

    if (min < 0 || (u32)min >= limit)
        return min ? -EINVAL : -EMFILE;
    for (;;) {
        irqflags_t irq = spin_lock(&t->lock);
        u32 fd = find_free(t, (u32)min);
        bool take = fd < t->fds.size && fd < limit;

        if (take)
            take_locked(t, fd, flags);
        spin_unlock(&t->lock, irq);
        if (take)
            return (int)fd;
        int err = fd >= limit ? -EMFILE : table_grow(t, fd);
        if (err)
            return err;
    }
}

/* The bitmaps of a private table are read and written by its one thread alone: no lock then. */
int fd_reserve(int min, unsigned flags)
{
    const struct process *p = current_process();
    struct fdtable *t = current_table();
    u32 fd = t->lowest;

    if (unlikely(min || !is_private(t) || fd >= t->fds.size || bitmap_test(t->open, fd) ||
                 fd >= READ_ONCE(p->limit[RLIMIT_NOFILE].soft)))
        return reserve_any(t, min, flags);
    take_locked(t, fd, flags);
    return (int)fd;
}

/*
 * A reserved slot is nobody else's to write, so one store fills it; but in a shared table the
 * array may be moving.
 */
void fd_fill(int fd, struct file *file)
{
    struct fdtable *t = current_table();

    if (is_private(t)) {
        atomic_store_release(&t->fds.files[fd], file);
        return;
    }
    irqflags_t flags = spin_lock(&t->lock);
    t->fds.files[fd] = file;
    spin_unlock(&t->lock, flags);
}

void fd_cancel(int fd)
{
    struct fdtable *t = current_table();
    irqflags_t flags = spin_lock(&t->lock);

    release_locked(t, (u32)fd);
    spin_unlock(&t->lock, flags);
}

int fd_install(struct file *file, int min, unsigned flags)
{
    int fd = fd_reserve(min, flags);

    if (fd >= 0)
        fd_fill(fd, file);
    return fd;
}

int fd_dup(int fd, int min, unsigned flags)
{
    struct file *file = fd_get_file(fd);

    if (!file)
        return -EBADF;
    int new = fd_install(file, min, flags);
    if (new < 0)
        file_put(file);
    return new;
}

/* Puts `file` at `to`, whose old file goes to *old. -EBUSY when `to` is being opened. */
static int replace_locked(struct fdtable *t, u32 to, struct file *file, unsigned flags,
                          struct file **old)
{
    *old = t->fds.files[to];
    if (!*old && bitmap_test(t->open, to))
        return -EBUSY;
    take_locked(t, to, flags);
    t->fds.files[to] = file;
    return 0;
}

/* A descriptor of `file` is gone from the table, and with it the table's record locks on it. */
static void close_file(struct fdtable *t, struct file *file)
{
    reclock_drop(file->inode, t);
    file_put(file);
}

int fd_dup_to(int fd, int to, unsigned flags)
{
    struct fdtable *t = current_table();
    struct file *old = NULL;
    struct file *file = fd_get_file(fd);

    if (!file)
        return -EBADF;
    int err = to < 0 || (u32)to >= fd_limit() ? -EBADF : 0;
    if (!err && (u32)to >= t->fds.size)
        err = table_grow(t, (u32)to);
    if (!err) {
        irqflags_t irq = spin_lock(&t->lock);
        err = replace_locked(t, (u32)to, file, flags, &old);
        spin_unlock(&t->lock, irq);
    }
    if (err)
        file_put(file);
    else if (old)
        close_file(t, old);
    return err ? err : to;
}

/* --- closing --------------------------------------------------------------------------------- */

/* Takes the file out of the table; the reference is the caller's. NULL: not open. */
static struct file *take_out(struct fdtable *t, u32 fd)
{
    struct file *file = NULL;
    irqflags_t flags = spin_lock(&t->lock);

    if (fd < t->fds.size && (file = t->fds.files[fd]))
        release_locked(t, fd);
    spin_unlock(&t->lock, flags);
    return file;
}

int fd_close(int fd)
{
    struct fdtable *t = current_table();
    struct file *file = take_out(t, (u32)fd);

    if (!file)
        return -EBADF;
    close_file(t, file);
    return 0;
}

int fd_close_range(unsigned first, unsigned last, bool cloexec)
{
    struct fdtable *t = current_table();

    if (first > last)
        return -EINVAL;
    for (u32 fd = first; fd <= last && fd < t->fds.size; fd++) {
        if (cloexec)
            fd_set_cloexec((int)fd, true);
        else
            fd_close((int)fd);
    }
    return 0;
}

int fd_get_cloexec(int fd)
{
    struct fdtable *t = current_table();
    irqflags_t flags = spin_lock(&t->lock);
    int on = -EBADF;

    if ((u32)fd < t->fds.size && t->fds.files[fd])
        on = bitmap_test(t->cloexec, (u32)fd);
    spin_unlock(&t->lock, flags);
    return on;
}

int fd_set_cloexec(int fd, bool on)
{
    struct fdtable *t = current_table();
    irqflags_t flags = spin_lock(&t->lock);
    bool open = (u32)fd < t->fds.size && t->fds.files[fd];

    if (open && on)
        bitmap_set(t->cloexec, (u32)fd);
    else if (open)
        bitmap_clear(t->cloexec, (u32)fd);
    spin_unlock(&t->lock, flags);
    return open ? 0 : -EBADF;
}

/* --- the threads' part ------------------------------------------------------------------------- */

/* Copies what is open; the copy has room for it. Under the old table's lock. */
static void copy_files(struct fdtable *to, const struct fdtable *from, u32 end)
{
    for (u32 fd = 0; fd < end; fd++) {
        if (!from->fds.files[fd])
            continue;
        to->fds.files[fd] = file_get(from->fds.files[fd]);
        take_locked(to, fd, bitmap_test(from->cloexec, fd) ? O_CLOEXEC : 0);
    }
}

static struct fdtable *table_copy(struct fdtable *from)
{
    struct fdtable *t = table_make();

    while (t) {
        irqflags_t flags = spin_lock(&from->lock);
        u32 end = table_end(from);
        bool fits = end <= t->fds.size;

        if (fits)
            copy_files(t, from, end);
        spin_unlock(&from->lock, flags);
        if (fits)
            break;
        if (table_grow(t, end)) {
            table_free(t);
            t = NULL;
        }
    }
    return t;
}

static int fork_table(struct thread *child, u64 clone_flags)
{
    struct fdtable *from = current_table();
    struct fdtable *t = from;

    if (!from)
        t = table_make();
    else if (clone_flags & CLONE_FILES)
        atomic_add_relaxed(&from->fds.users, 1);
    else
        t = table_copy(from);
    child->part[THREAD_PART_FILES] = t;
    return t ? 0 : -ENOMEM;
}

static void table_put(struct fdtable *t)
{
    if (atomic_fetch_sub(&t->fds.users, 1) != 1)
        return;
    for (u32 fd = 0, end = table_end(t); fd < end; fd++)
        if (t->fds.files[fd])
            close_file(t, t->fds.files[fd]);
    table_free(t);
}

static struct fdtable *swap_part(struct thread *thread, struct fdtable *t)
{
    irqflags_t flags = spin_lock(&lookers);
    struct fdtable *old = thread->part[THREAD_PART_FILES];

    thread->part[THREAD_PART_FILES] = t;
    spin_unlock(&lookers, flags);
    return old;
}

/* A table that is shared is left to the others. */
static int unshare_table(void)
{
    struct fdtable *t = current_table();

    if (atomic_load_acquire(&t->fds.users) == 1)
        return 0;
    struct fdtable *copy = table_copy(t);
    if (copy)
        table_put(swap_part(current_thread(), copy));
    return copy ? 0 : -ENOMEM;
}

/*
 * Without memory for a copy the program cannot be started as asked; past the point of no return only
 * its end is left.
 */
static void exec_table(struct process *p)
{
    if (unshare_table()) {
        sig_send_process(p, SIGKILL, NULL);
        return;
    }
    struct fdtable *t = current_table();
    size_t fd = bitmap_next_set(t->cloexec, t->fds.size, 0);
    for (; fd < t->fds.size; fd = bitmap_next_set(t->cloexec, t->fds.size, fd + 1)) {
        struct file *file = take_out(t, (u32)fd);
        bitmap_clear(t->cloexec, fd);
        if (file)
            close_file(t, file);
    }
}

static void end_table(struct thread *thread)
{
    struct fdtable *t = swap_part(thread, NULL);

    if (t)
        table_put(t);
}

static u64 table_pages(struct fdtable *t)
{
    u64 pages = 0;

    spin_lock_nested(&t->lock);
    for (u32 fd = 0; fd < t->fds.size; fd++) {
        struct file *file = t->fds.files[fd];

        if (file && file->ops->pages)
            pages += file->ops->pages(file);
    }
    spin_unlock_nested(&t->lock);
    return pages;
}

/* A table of several threads is each one's. */
static u64 pages_held(struct thread *thread)
{
    u64 pages = 0;

    spin_lock_nested(&lookers);
    if (thread->part[THREAD_PART_FILES])
        pages = table_pages(thread->part[THREAD_PART_FILES]);
    spin_unlock_nested(&lookers);
    return pages;
}

const struct proc_part fdtable_part = {.name = "files",
                                       .thread_fork = fork_table,
                                       .exec = exec_table,
                                       .unshare = unshare_table,
                                       .thread_end = end_table,
                                       .pages = pages_held};
