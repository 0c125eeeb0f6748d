/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flock(2): advisory locks on whole files, owned by open files.
 *
 * Few exist at a time, so they live in one list under one spinlock. Waiting is on one queue for
 * all; whoever wakes looks again.
 */
#include <fs/file.h>

#include <abi/linux/fcntl.h>
#include <base/spinlock.h>
#include <base/wait.h>
#include <fs/inode.h>
#include <lib/list.h>
#include <mm/slab.h>

struct flock_entry {
    struct list link;
    struct file *file;
    bool exclusive;
};

static struct spinlock flock_lock = SPINLOCK_INIT("flock");
static struct list flocks = LIST_INIT(flocks);
static struct wait_queue flock_wait = WAIT_QUEUE_INIT(flock_wait, "flock wait");

/* The entry of `file`, and in *conflict whether another file's stands in the way. */
static struct flock_entry *look(struct file *file, bool exclusive, bool *conflict)
{
    struct flock_entry *own = NULL, *e;

    *conflict = false;
    list_for_each_entry (e, &flocks, link) {
        if (e->file == file)
            own = e;
        else if (e->file->inode == file->inode && (exclusive || e->exclusive))
            *conflict = true;
    }
    return own;
}

void file_flock_drop(struct file *file)
{
    bool conflict;
    irqflags_t flags = spin_lock(&flock_lock);
    struct flock_entry *own = look(file, false, &conflict);

    if (own)
        list_remove(&own->link);
    file->flocked = false;
    spin_unlock(&flock_lock, flags);
    kfree(own);
    wake_all(&flock_wait);
}

/* Nobody is in the way: changes the file's entry, or makes `fresh` (set to NULL then) its first. */
static void take(struct file *file, struct flock_entry *own, bool exclusive,
                 struct flock_entry **fresh)
{
    if (!own) {
        own = *fresh;
        *fresh = NULL;
        own->file = file;
        list_push_back(&flocks, &own->link);
    }
    own->exclusive = exclusive;
    file->flocked = true;
}

/*
 * Takes the lock, with `fresh` as its entry. False: somebody has it. A shared lock that was to become an exclusive
 * one is gone then, as on Linux: two who want that of the same file would wait for each other for ever.
 */
static bool try_lock(struct file *file, bool exclusive, struct flock_entry **fresh)
{
    bool conflict;
    irqflags_t flags = spin_lock(&flock_lock);
    struct flock_entry *own = look(file, exclusive, &conflict);
    struct flock_entry *lost = conflict ? own : NULL;

    if (!conflict)
        take(file, own, exclusive, fresh);
    if (lost)
        list_remove(&lost->link);
    spin_unlock(&flock_lock, flags);
    if (lost) {
        kfree(lost);
        wake_all(&flock_wait);
    }
    return !conflict;
}

int file_flock(struct file *file, unsigned op)
{
    unsigned what = op & ~(unsigned)LOCK_NB;

    if (what == LOCK_UN) {
        file_flock_drop(file);
        return 0;
    }
    if (what != LOCK_SH && what != LOCK_EX)
        return -EINVAL;
    struct flock_entry *fresh = kmalloc(sizeof(*fresh));
    if (!fresh)
        return -ENOMEM;
    int err = 0;
    if (!try_lock(file, what == LOCK_EX, &fresh))
        err = op & LOCK_NB
                  ? -EAGAIN
                  : wait_event_interruptible(&flock_wait, try_lock(file, what == LOCK_EX, &fresh));
    kfree(fresh);
    wake_all(&flock_wait); /* an exclusive lock may have become a shared one */
    return err == -EINTR ? -ERESTARTSYS : err;
}
