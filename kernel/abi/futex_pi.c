/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes that are locks with an owner: the word holds the owner's tid, so the kernel knows for whom a thread
 * waits. It finds circles, hands the lock to whoever has waited longest, and over when its owner ends.
 *
 * What the name promises beside that, that the owner runs with the priority of those who wait, says nothing
 * here: only real-time priorities are inherited, on Linux too, and there are none.
 *
 * A lock for which somebody waits is a struct pi_lock. It can be found from when the first one waits until
 * nobody does and the word says who owns it; after that the word alone counts. The word changes under
 * pi_spinlock only, as far as the kernel changes it, and always by compare and exchange, for the program
 * does it as well. When an owner ends, its heir writes his tid himself, for the word may lie in memory that
 * the owner has left: until then the lock is `inherited`.
 *
 * Locks: process_lock, for a tid to name a living thread; a futex bucket's; pi_spinlock. The page of the word is
 * held before these (user_words_hold).
 */
#include "futex.h"
#include "futex_impl.h"

#include <abi/linux/futex.h>
#include <arch/mmu.h>
#include <kernel/process.h>
#include <kernel/thread.h>
#include <lib/errno.h>
#include <mm/slab.h>

#define CHAIN_MOST 1024 /* of those who wait for each other, as on Linux */
#define PI_RETRY   1    /* beside errors: the word has changed meanwhile */

struct pi_lock {
    struct list link; /* in pi_locks */
    struct user_key key;
    struct thread *owner;
    struct pi_lock *next_held; /* of the same owner's */
    struct list waiters;       /* who came first stands first */
    u32 users; /* waiters, and those who were until a moment ago; freed by the last one */
    bool inherited;
};

/* On the stack of who waits. */
struct pi_waiter {
    struct list link;
    struct thread *thread;
    struct wait_queue queue;
    struct pi_lock *lock; /* NULL: it does not wait for it yet */
    struct user_key key;  /* of the lock, for who waits to be moved to it */
    bool got;             /* it has the lock, and waits no more */
};

static struct spinlock pi_spinlock = SPINLOCK_INIT("futex owners");
static struct list pi_locks = LIST_INIT(pi_locks);

/* --- who waits for whom, under pi_spinlock --- */

static struct pi_lock *find_lock(const struct user_key *key)
{
    struct pi_lock *lock;

    list_for_each_entry (lock, &pi_locks, link)
        if (same_key(&lock->key, key))
            return lock;
    return NULL;
}

static void hold(struct pi_lock *lock, struct thread *owner)
{
    lock->owner = owner;
    lock->next_held = owner->pi_held;
    owner->pi_held = lock;
}

static void let_go(struct pi_lock *lock)
{
    struct pi_lock **at = &lock->owner->pi_held;

    while (*at != lock)
        at = &(*at)->next_held;
    *at = lock->next_held;
}

/* From now on the word alone counts, if nobody waits and it says who owns the lock. */
static void forget_unless_needed(struct pi_lock *lock)
{
    if (!list_empty(&lock->waiters) || lock->inherited)
        return;
    let_go(lock);
    list_remove(&lock->link);
}

static struct pi_waiter *first_of(const struct pi_lock *lock)
{
    if (list_empty(&lock->waiters))
        return NULL;
    return container_of(lock->waiters.next, struct pi_waiter, link);
}

/* Whether a thread would wait for itself if it waited for what `owner` has. */
static bool closes_circle(const struct thread *owner, const struct thread *t)
{
    for (unsigned i = 0; i < CHAIN_MOST; i++) {
        if (owner == t)
            return true;
        if (!owner->pi_waits)
            return false;
        owner = owner->pi_waits->lock->owner;
    }
    return true;
}

static void join_lock(struct pi_lock *lock, struct pi_waiter *w)
{
    lock->users++;
    w->lock = lock;
    w->thread->pi_waits = w;
    list_push_back(&lock->waiters, &w->link);
}

static void leave_lock(struct pi_waiter *w)
{
    list_remove(&w->link);
    w->thread->pi_waits = NULL;
}

/* The first waiter's word must say so, or say so soon (inherited). It may be gone after the wake-up. */
static void hand_over(struct pi_lock *lock, struct pi_waiter *to)
{
    leave_lock(to);
    let_go(lock);
    hold(lock, to->thread);
    forget_unless_needed(lock);
    atomic_store_release(&to->got, true);
    wake_one(&to->queue);
}

/* Whether the lock was the caller's to free. */
static bool put_lock(struct pi_lock *lock)
{
    return --lock->users == 0;
}

/* --- taking a lock --- */

static bool cas(u32 *word, u32 old, u32 new)
{
    return __atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The owner that the word names, for one who is the first to wait. */
static int find_owner(u32 seen, struct thread **owner)
{
    *owner = process_find_thread((int)(seen & FUTEX_TID_MASK));
    return *owner && !(*owner)->pi_gone ? 0 : -ESRCH;
}

/* Waits behind the others, or as the first one; that takes *spare. */
static int wait_for(struct pi_waiter *w, struct pi_lock *lock, u32 *word, u32 seen,
                    struct pi_lock **spare)
{
    struct thread *owner = lock ? lock->owner : NULL;
    int err = lock ? 0 : find_owner(seen, &owner);

    if (err)
        return err;
    if (closes_circle(owner, w->thread))
        return -EDEADLK;
    if (!lock) {
        if (!cas(word, seen, seen | FUTEX_WAITERS))
            return PI_RETRY;
        lock = *spare;
        *spare = NULL;
        *lock = (struct pi_lock){.key = w->key};
        list_init(&lock->waiters);
        list_push_back(&pi_locks, &lock->link);
        hold(lock, owner);
    }
    join_lock(lock, w);
    return 0;
}

/*
 * w's thread gets the lock (w->got), or waits for it from now on, unless there is no *spare: then it does not
 * wait, -EAGAIN. -EDEADLK, -ESRCH: the owner has ended; PI_RETRY.
 */
static int take_or_wait(struct pi_waiter *w, u32 *word, struct pi_lock **spare)
{
    struct pi_lock *lock = find_lock(&w->key);
    u32 seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    u32 tid = (u32)w->thread->tid;

    if ((seen & FUTEX_TID_MASK) == tid)
        return -EDEADLK;
    if (lock || (seen & FUTEX_TID_MASK))
        return *spare ? wait_for(w, lock, word, seen, spare) : -EAGAIN;
    if (!cas(word, seen, tid | (seen & FUTEX_OWNER_DIED)))
        return PI_RETRY;
    w->got = true;
    return 0;
}

static int try_to_take(struct pi_waiter *w, vaddr_t addr, struct pi_lock **spare)
{
    struct user_words words;
    int err = user_words_hold(&words, USER_NO_WORD, addr);

    if (err)
        return err;
    irqflags_t flags = spin_lock(&process_lock);
    do {
        spin_lock_nested(&pi_spinlock);
        err = take_or_wait(w, words.write, spare);
        spin_unlock_nested(&pi_spinlock);
    } while (err == PI_RETRY);
    spin_unlock(&process_lock, flags);
    user_words_release(&words);
    return err;
}

/* The heir says that the lock is his, and that its owner died. */
static int sign(struct pi_lock *lock, vaddr_t addr)
{
    struct user_words words;
    int err = user_words_hold(&words, USER_NO_WORD, addr);
    irqflags_t flags = spin_lock(&pi_spinlock);
    u32 mine = (u32)current_thread()->tid | FUTEX_OWNER_DIED;

    if (!list_empty(&lock->waiters))
        mine |= FUTEX_WAITERS;
    if (!err)
        __atomic_store_n(words.write, mine, __ATOMIC_SEQ_CST);
    lock->inherited = false;
    forget_unless_needed(lock);
    spin_unlock(&pi_spinlock, flags);
    if (!err)
        user_words_release(&words);
    return err;
}

/* The end of a wait, which may have come to nothing (err). */
static int end_wait(struct pi_waiter *w, vaddr_t addr, int err)
{
    struct pi_lock *lock = w->lock;
    irqflags_t flags = spin_lock(&pi_spinlock);
    bool inherited = w->got && lock->inherited && lock->owner == w->thread;
    bool last;

    if (!w->got) {
        leave_lock(w);
        forget_unless_needed(lock);
    }
    spin_unlock(&pi_spinlock, flags);
    if (w->got)
        err = inherited ? sign(lock, addr) : 0;
    flags = spin_lock(&pi_spinlock);
    last = put_lock(lock);
    spin_unlock(&pi_spinlock, flags);
    if (last)
        kfree(lock);
    return err;
}

static void waiter_init(struct pi_waiter *w)
{
    *w = (struct pi_waiter){.thread = current_thread()};
    wait_queue_init(&w->queue, "futex waiter");
}

static int sleep_for(struct pi_waiter *w, struct futex_until until)
{
    return futex_sleep(&w->queue, futex_flag_set, &w->got, until);
}

long futex_pi_lock(vaddr_t addr, bool private, bool try, struct futex_until until)
{
    struct pi_lock *spare = NULL;
    struct pi_waiter w;
    int err;

    waiter_init(&w);
    err = futex_find_key(addr, private, &w.key);
    if (err)
        return err;
    if (!try) {
        spare = kmalloc(sizeof(*spare));
        if (!spare)
            return -ENOMEM;
    }
    err = try_to_take(&w, addr, &spare);
    kfree(spare);
    if (!err && w.lock)
        err = end_wait(&w, addr, sleep_for(&w, until));
    return err == -EINTR ? -ERESTARTNOINTR : err;
}

/* --- giving it away --- */

static int give(u32 *word, const struct user_key *key)
{
    struct pi_lock *lock = find_lock(key);
    struct pi_waiter *next = lock ? first_of(lock) : NULL;
    u32 seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);

    if ((seen & FUTEX_TID_MASK) != (u32)current_thread()->tid)
        return -EPERM;
    if (lock && lock->owner != current_thread())
        return -EINVAL;
    if (!cas(word, seen, next ? (u32)next->thread->tid | FUTEX_WAITERS : 0))
        return PI_RETRY;
    if (next)
        hand_over(lock, next);
    return 0;
}

long futex_pi_unlock(vaddr_t addr, bool private)
{
    struct user_words words;
    struct user_key key;
    int err = futex_find_key(addr, private, &key);

    if (!err)
        err = user_words_hold(&words, USER_NO_WORD, addr);
    if (err)
        return err;
    do {
        irqflags_t flags = spin_lock(&pi_spinlock);
        err = give(words.write, &key);
        spin_unlock(&pi_spinlock, flags);
    } while (err == PI_RETRY);
    user_words_release(&words);
    return err;
}

void futex_pi_thread_gone(struct thread *t)
{
    irqflags_t flags = spin_lock(&pi_spinlock);

    t->pi_gone = true;
    while (t->pi_held) {
        struct pi_lock *lock = t->pi_held;
        lock->inherited = true;
        hand_over(lock, first_of(lock));
    }
    spin_unlock(&pi_spinlock, flags);
}

/* --- from a condition to its lock --- */

/* A signal before the move lets the call begin anew; after it the condition has come, so it does not. */
long futex_pi_wait(vaddr_t addr, bool private, u32 expected, struct futex_until until, vaddr_t lock)
{
    struct pi_waiter pi;
    struct futex_waiter w = {.queue = &pi.queue, .pi = &pi, .bitset = FUTEX_BITSET_ANY};
    u32 seen;
    int err;

    waiter_init(&pi);
    err = futex_find_key(addr, private, &w.key);
    if (!err)
        err = futex_find_key(lock, private, &pi.key);
    if (err)
        return err;
    if (same_key(&w.key, &pi.key))
        return -EINVAL;
    futex_enqueue(&w);
    err = user_load32(addr, &seen);
    if (!err && seen != expected)
        err = -EAGAIN;
    if (!err)
        err = sleep_for(&pi, until);
    if (!futex_dequeue(&w))
        return err == -EINTR ? -ERESTARTNOINTR : err;
    if (!pi.lock)
        return 0; /* the lock was free */
    err = end_wait(&pi, lock, err);
    return err == -EINTR ? -EAGAIN : err;
}

/* Under all locks: the waiter gets the lock `word`, or waits for it. */
static int move_one(struct futex_waiter *w, const struct user_key *key, u32 *word)
{
    struct pi_lock *spare;
    int err;

    if (!w->pi || !same_key(&w->pi->key, key))
        return -EINVAL;
    spare = kmalloc(sizeof(*spare));
    if (!spare)
        return -ENOMEM;
    do {
        err = take_or_wait(w->pi, word, &spare);
    } while (err == PI_RETRY);
    kfree(spare);
    if (err)
        return err;
    list_remove(&w->link);
    atomic_store_release(&w->woken, true);
    if (!w->pi->lock)
        wake_one(w->queue);
    return 0;
}

static long move_all(struct bucket *b, const struct user_key *from, const struct user_key *to,
                     u32 *word, u64 most)
{
    struct futex_waiter *w;
    struct futex_waiter *next;
    long moved = 0;
    int err = 0;

    list_for_each_entry_safe (w, next, &b->waiters, link) {
        if (err || (u64)moved == most)
            break;
        if (!same_key(&w->key, from))
            continue;
        err = move_one(w, to, word);
        moved += !err;
    }
    return moved ? moved : err;
}

long futex_pi_requeue(vaddr_t addr, bool private, u32 wake, u32 requeue, vaddr_t lock, u32 expected)
{
    struct user_words words;
    struct user_key from, to;
    struct bucket *b;
    long rc = futex_find_key(addr, private, &from);

    if (!rc)
        rc = futex_find_key(lock, private, &to);
    if (!rc && (wake != 1 || same_key(&from, &to)))
        rc = -EINVAL;
    if (!rc)
        rc = user_words_hold(&words, addr, lock);
    if (rc)
        return rc;
    b = bucket_of(&from);
    irqflags_t flags = spin_lock(&process_lock);
    spin_lock_nested(&b->lock);
    spin_lock_nested(&pi_spinlock);
    if (__atomic_load_n(words.read, __ATOMIC_SEQ_CST) != expected)
        rc = -EAGAIN;
    else
        rc = move_all(b, &from, &to, words.write, 1ul + requeue);
    spin_unlock_nested(&pi_spinlock);
    spin_unlock_nested(&b->lock);
    spin_unlock(&process_lock, flags);
    user_words_release(&words);
    return rc;
}
