/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root, current directory and umask of each process (see include/fs/fscontext.h).
 *
 * A context is shared by its threads (CLONE_FS) and counted. The spinlock `lookers` keeps a thread's part from
 * going away under somebody who looks from outside, where process_lock, before it, keeps the thread; a context's own
 * lock, which comes after it, guards root and cwd.
 */
#include <fs/fscontext.h>

#include <abi/linux/sched.h>
#include <abi/linux/stat.h>
#include <base/atomic.h>
#include <base/spinlock.h>
#include <fs/dentry.h>
#include <fs/inode.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/slab.h>

struct fs_context {
    struct spinlock lock;
    u32 users;
    u32 umask;
    struct dentry *root;
    struct dentry *cwd;
};

/* What pid 1 starts with and kernel threads always use: the first root, set once at start-up. */
static struct fs_context first = {.lock = SPINLOCK_INIT("fs context"), .users = 1, .umask = 022};
static struct spinlock lookers = SPINLOCK_INIT("fs context lookers");

void fs_set_first_root(struct dentry *root)
{
    first.root = dentry_get(root);
    first.cwd = dentry_get(root);
}

struct dentry *fs_first_root(void)
{
    return dentry_get(first.root);
}

static struct fs_context *current_context(void)
{
    struct thread *thread = current_thread();
    struct fs_context *context = thread ? thread->part[THREAD_PART_FS] : NULL;

    return context ? context : &first;
}

static struct dentry *get_one(struct fs_context *context, struct dentry *const *which)
{
    irqflags_t flags = spin_lock(&context->lock);
    struct dentry *d = dentry_get(*which);

    spin_unlock(&context->lock, flags);
    return d;
}

struct dentry *fs_root(void)
{
    struct fs_context *context = current_context();

    return get_one(context, &context->root);
}

struct dentry *fs_cwd(void)
{
    struct fs_context *context = current_context();

    return get_one(context, &context->cwd);
}

/* Of a thread of somebody's, which process_lock keeps. */
static struct dentry *get_of_thread(struct thread *thread, bool root)
{
    struct dentry *d = NULL;

    spin_lock_nested(&lookers);
    struct fs_context *context = thread->part[THREAD_PART_FS];
    if (context) {
        spin_lock_nested(&context->lock);
        d = dentry_get(root ? context->root : context->cwd);
        spin_unlock_nested(&context->lock);
    }
    spin_unlock_nested(&lookers);
    return d;
}

static struct dentry *get_of(struct process *process, int tid, bool root)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *thread = process_thread_or_any(process, tid);
    struct dentry *d = thread ? get_of_thread(thread, root) : NULL;

    spin_unlock(&process_lock, flags);
    return d;
}

struct dentry *fs_root_of(struct process *process, int tid)
{
    return get_of(process, tid, true);
}

struct dentry *fs_cwd_of(struct process *process, int tid)
{
    return get_of(process, tid, false);
}

bool fs_context_is_shared(void)
{
    return atomic_load_acquire(&current_context()->users) > 1;
}

u32 fs_umask(void)
{
    return READ_ONCE(current_context()->umask);
}

u32 fs_set_umask(u32 mask)
{
    return __atomic_exchange_n(&current_context()->umask, mask & 0777, __ATOMIC_RELAXED);
}

static int set_one(struct fs_context *context, struct dentry **which, struct dentry *dir)
{
    if (!S_ISDIR(dir->inode->mode))
        return -ENOTDIR;
    dentry_get(dir);
    irqflags_t flags = spin_lock(&context->lock);
    struct dentry *old = *which;
    *which = dir;
    spin_unlock(&context->lock, flags);
    dentry_put(old);
    return 0;
}

int fs_chdir(struct dentry *dir)
{
    struct fs_context *context = current_context();

    return set_one(context, &context->cwd, dir);
}

int fs_chroot(struct dentry *dir)
{
    struct fs_context *context = current_context();

    return set_one(context, &context->root, dir);
}

ssize_t fs_getcwd(char *buf, size_t size)
{
    struct dentry *cwd = fs_cwd();
    struct dentry *root = fs_root();
    char *path = cwd->dead ? ERR_PTR(-ENOENT) : dentry_path(cwd, root, buf, size, false);
    ssize_t len = PTR_ERR(path);

    if (!IS_ERR(path)) {
        len = buf + size - path;
        memmove(buf, path, (size_t)len);
    }
    dentry_put(cwd);
    dentry_put(root);
    return len == -ENAMETOOLONG ? -ERANGE : len;
}

/* --- the threads' part ------------------------------------------------------------------------- */

static struct fs_context *copy_context(struct fs_context *from)
{
    struct fs_context *context = kmalloc(sizeof(*context));

    if (!context)
        return NULL;
    spin_init(&context->lock, "fs context");
    context->users = 1;
    irqflags_t flags = spin_lock(&from->lock);
    context->umask = from->umask;
    context->root = dentry_get(from->root);
    context->cwd = dentry_get(from->cwd);
    spin_unlock(&from->lock, flags);
    return context;
}

static int fork_context(struct thread *child, u64 clone_flags)
{
    struct fs_context *from = current_context();

    if (from != &first && clone_flags & CLONE_FS)
        atomic_add_relaxed(&from->users, 1);
    else
        from = copy_context(from);
    child->part[THREAD_PART_FS] = from;
    return from ? 0 : -ENOMEM;
}

static void put_context(struct fs_context *context)
{
    if (!context || atomic_fetch_sub(&context->users, 1) != 1)
        return;
    dentry_put(context->root);
    dentry_put(context->cwd);
    kfree(context);
}

static struct fs_context *swap_context(struct thread *thread, struct fs_context *context)
{
    irqflags_t flags = spin_lock(&lookers);
    struct fs_context *old = thread->part[THREAD_PART_FS];

    thread->part[THREAD_PART_FS] = context;
    spin_unlock(&lookers, flags);
    return old;
}

static int unshare_context(void)
{
    struct fs_context *context = current_context();

    if (atomic_load_acquire(&context->users) == 1)
        return 0;
    context = copy_context(context);
    if (context)
        put_context(swap_context(current_thread(), context));
    return context ? 0 : -ENOMEM;
}

static void end_context(struct thread *thread)
{
    put_context(swap_context(thread, NULL));
}

const struct proc_part fs_context_part = {.name = "fs context",
                                          .thread_fork = fork_context,
                                          .unshare = unshare_context,
                                          .thread_end = end_context};
