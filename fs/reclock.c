/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Record locks (see include/fs/reclock.h).
 *
 * Few exist at a time, so they live in one list under one spinlock, together with who waits for
 * whom. Waiting is on one queue for all; whoever wakes looks again. An entry does not hold its
 * inode: its owner has a descriptor of it, and drops its entries when that is closed.
 */
#include <fs/reclock.h>

#include <base/spinlock.h>
#include <base/wait.h>
#include <lib/errno.h>
#include <lib/list.h>
#include <mm/slab.h>

struct entry {
    struct list link;
    struct inode *inode;
    struct reclock lock;
};

/* Somebody in reclock_set() who waits. */
struct sleeper {
    struct list link;
    const struct inode *inode;
    const struct reclock *want;
};

/* Entries made before the spinlock is taken: one change needs at most two. And those it ended. */
struct spare {
    struct entry *fresh[2];
    struct list dead;
};

/* How long a chain of sleepers is followed; a longer one is not called a deadlock. */
#define CHAIN_LIMIT 32

static struct spinlock reclock_lock = SPINLOCK_INIT("record locks");
static struct list entries = LIST_INIT(entries);
static struct list sleepers = LIST_INIT(sleepers);
static struct wait_queue reclock_wait = WAIT_QUEUE_INIT(reclock_wait, "record lock wait");

static bool is_of(const struct entry *e, const struct inode *inode, const void *owner)
{
    return e->inode == inode && e->lock.owner == owner;
}

static int spare_make(struct spare *s)
{
    list_init(&s->dead);
    s->fresh[0] = kmalloc(sizeof(struct entry));
    s->fresh[1] = kmalloc(sizeof(struct entry));
    if (s->fresh[0] && s->fresh[1])
        return 0;
    kfree(s->fresh[0]);
    kfree(s->fresh[1]);
    return -ENOLCK;
}

static void free_dead(struct list *dead)
{
    struct entry *e, *next;

    list_for_each_entry_safe (e, next, dead, link)
        kfree(e);
}

static void spare_free(struct spare *s)
{
    kfree(s->fresh[0]);
    kfree(s->fresh[1]);
    free_dead(&s->dead);
}

/* --- the list; all under the lock --------------------------------------------------------------- */

static void add(struct spare *s, struct inode *inode, const struct reclock *lock)
{
    struct entry **slot = s->fresh[0] ? &s->fresh[0] : &s->fresh[1];

    (*slot)->inode = inode;
    (*slot)->lock = *lock;
    list_push_back(&entries, &(*slot)->link);
    *slot = NULL;
    WRITE_ONCE(inode->record_locked, true);
}

/* Takes [first, last] out of what the entry covers; a hole in its middle makes a second entry. */
static void cut(struct entry *e, u64 first, u64 last, struct spare *s)
{
    struct reclock *l = &e->lock;

    if (l->last < first || l->first > last)
        return;
    if (l->first < first && l->last > last) {
        struct reclock tail = *l;
        tail.first = last + 1;
        add(s, e->inode, &tail);
    }
    if (l->first < first) {
        l->last = first - 1;
    } else if (l->last > last) {
        l->first = last + 1;
    } else {
        list_remove(&e->link);
        list_push_back(&s->dead, &e->link);
    }
}

static void cut_all(struct inode *inode, const void *owner, u64 first, u64 last, struct spare *s)
{
    struct entry *e, *next;

    list_for_each_entry_safe (e, next, &entries, link)
        if (is_of(e, inode, owner))
            cut(e, first, last, s);
}

/* Widens `lock` over its owner's locks of the same kind that it overlaps or touches. */
static void absorb(const struct inode *inode, struct reclock *lock)
{
    u64 first = lock->first, last = lock->last;
    struct entry *e;

    list_for_each_entry (e, &entries, link) {
        if (!is_of(e, inode, lock->owner) || e->lock.exclusive != lock->exclusive)
            continue;
        if (e->lock.first <= last + 1 && e->lock.last + 1 >= first) {
            lock->first = MIN(lock->first, e->lock.first);
            lock->last = MAX(lock->last, e->lock.last);
        }
    }
}

static const struct reclock *in_the_way(const struct inode *inode, const struct reclock *want)
{
    struct entry *e;

    list_for_each_entry (e, &entries, link) {
        const struct reclock *l = &e->lock;
        if (e->inode == inode && l->owner != want->owner && (want->exclusive || l->exclusive) &&
            l->first <= want->last && l->last >= want->first)
            return l;
    }
    return NULL;
}

/*
 * Whom an owner waits for; NULL: nobody. Worked out anew: what it waited for may be free by now, and
 * it has only not looked again.
 */
static const void *blocker_of(const void *owner)
{
    const struct reclock *other = NULL;
    struct sleeper *s;

    list_for_each_entry (s, &sleepers, link)
        if (!other && s->want->owner == owner)
            other = in_the_way(s->inode, s->want);
    return other ? other->owner : NULL;
}

static bool would_deadlock(const void *owner, const void *blocker)
{
    for (int i = 0; blocker && i < CHAIN_LIMIT; i++) {
        if (blocker == owner)
            return true;
        blocker = blocker_of(blocker);
    }
    return false;
}

/* --- the calls ------------------------------------------------------------------------------------ */

/* 0: locked. Else -EAGAIN, or -EDEADLK when the caller is not to wait for whom it would wait for. */
static int try_set(struct inode *inode, const struct reclock *want, struct spare *s, bool checked)
{
    struct reclock lock = *want;
    int err = 0;
    irqflags_t flags = spin_lock(&reclock_lock);
    const struct reclock *other = in_the_way(inode, want);

    if (!other) {
        absorb(inode, &lock);
        cut_all(inode, lock.owner, lock.first, lock.last, s);
        add(s, inode, &lock);
    } else {
        err = checked && would_deadlock(want->owner, other->owner) ? -EDEADLK : -EAGAIN;
    }
    spin_unlock(&reclock_lock, flags);
    return err;
}

static int wait_and_set(struct inode *inode, const struct reclock *want, struct spare *s,
                        bool checked)
{
    struct sleeper me = {.inode = inode, .want = want};
    int err, woken;
    irqflags_t flags = spin_lock(&reclock_lock);

    list_push_back(&sleepers, &me.link);
    spin_unlock(&reclock_lock, flags);
    woken = wait_event_interruptible(&reclock_wait,
                                     (err = try_set(inode, want, s, checked)) != -EAGAIN);
    flags = spin_lock(&reclock_lock);
    list_remove(&me.link);
    spin_unlock(&reclock_lock, flags);
    return woken == -EINTR ? -ERESTARTSYS : err;
}

int reclock_set(struct inode *inode, const struct reclock *want, enum reclock_wait wait)
{
    struct spare s;
    int err = spare_make(&s);

    if (err)
        return err;
    err = wait == RECLOCK_TRY ? try_set(inode, want, &s, false)
                              : wait_and_set(inode, want, &s, wait == RECLOCK_WAIT_CHECKED);
    spare_free(&s);
    wake_all(&reclock_wait); /* an exclusive lock may have become a shared one */
    return err;
}

int reclock_clear(struct inode *inode, const void *owner, u64 first, u64 last)
{
    struct spare s;
    int err = spare_make(&s);

    if (err)
        return err;
    irqflags_t flags = spin_lock(&reclock_lock);
    cut_all(inode, owner, first, last, &s);
    spin_unlock(&reclock_lock, flags);
    spare_free(&s);
    wake_all(&reclock_wait);
    return 0;
}

bool reclock_find(struct inode *inode, const struct reclock *want, struct reclock *found)
{
    irqflags_t flags = spin_lock(&reclock_lock);
    const struct reclock *other = in_the_way(inode, want);

    if (other)
        *found = *other;
    spin_unlock(&reclock_lock, flags);
    return other;
}

/* What stays locked decides whether the next close has to look. */
void reclock_drop_all(struct inode *inode, const void *owner)
{
    struct list dead = LIST_INIT(dead);
    bool others = false;
    struct entry *e, *next;
    irqflags_t flags = spin_lock(&reclock_lock);

    list_for_each_entry_safe (e, next, &entries, link) {
        if (is_of(e, inode, owner)) {
            list_remove(&e->link);
            list_push_back(&dead, &e->link);
        } else if (e->inode == inode) {
            others = true;
        }
    }
    WRITE_ONCE(inode->record_locked, others);
    spin_unlock(&reclock_lock, flags);
    free_dead(&dead);
    wake_all(&reclock_wait);
}
