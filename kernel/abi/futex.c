/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes: threads that wait until a word in user memory changes.
 *
 * A waiter is queued by the memory's name (struct user_key), so that shared mappings meet. It
 * queues itself first and looks at the word then: whoever changes the word and wakes afterwards
 * cannot miss it. Reading the word may fault and sleep, so no lock is held for it.
 *
 * Locks: one spinlock per bucket guards its list and the waiters in it; two are taken in the
 * order of their addresses; a waiter's wait queue comes after. A waker touches a waiter under the
 * bucket's lock only, and the waiter takes that lock before its stack frame goes.
 */
#include "futex.h"
#include "args.h"
#include "syscall.h"

#include <abi/linux/futex.h>
#include <arch/mmu.h>
#include <base/init.h>
#include <base/spinlock.h>
#include <base/wait.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <lib/hash.h>
#include <lib/list.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

#define BUCKETS 64u

/* What of the operation is not a flag. */
#define FUTEX_COMMAND (~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))

struct bucket {
    struct spinlock lock;
    struct list waiters;
};

struct futex_waiter {
    struct list link;
    struct user_key key;
    struct bucket *bucket;    /* changes under both buckets' locks */
    struct wait_queue *queue; /* its thread's; one for all where that waits for several futexes */
    u32 bitset;
    bool woken; /* and no longer in the list */
};

static struct bucket buckets[BUCKETS];

static struct bucket *bucket_of(const struct user_key *key)
{
    return &buckets[hash_u64((u64)key->object + key->offset) % BUCKETS];
}

static bool same_key(const struct user_key *a, const struct user_key *b)
{
    return a->object == b->object && a->offset == b->offset;
}

/*
 * A private futex is named by where it lies, without a look at the memory; so is one in private
 * memory that is not said to be private, and both meet.
 */
static int find_key(vaddr_t addr, bool private, struct user_key *key)
{
    if (!is_aligned(addr, sizeof(u32)))
        return -EINVAL;
    if (!private)
        return user_key(addr, key);
    if (addr >= USER_TOP)
        return -EFAULT;
    *key = (struct user_key){current_thread()->uvm, addr};
    return 0;
}

/* --- waking --- */

/* Under the bucket's lock. */
static void wake_waiter(struct futex_waiter *w)
{
    list_remove(&w->link);
    atomic_store_release(&w->woken, true);
    wake_one(w->queue);
}

/* Under the bucket's lock: wakes up to `count` of those that wait for the key and share a bit. */
static u32 wake_in(struct bucket *b, const struct user_key *key, u32 count, u32 bitset)
{
    struct futex_waiter *w;
    struct futex_waiter *next;
    u32 woken = 0;

    list_for_each_entry_safe (w, next, &b->waiters, link) {
        if (woken == count)
            break;
        if (!same_key(&w->key, key) || !(w->bitset & bitset))
            continue;
        wake_waiter(w);
        woken++;
    }
    return woken;
}

static long futex_wake(const struct user_key *key, u32 count, u32 bitset)
{
    struct bucket *b = bucket_of(key);
    irqflags_t flags = spin_lock(&b->lock);
    u32 woken = wake_in(b, key, count, bitset);

    spin_unlock(&b->lock, flags);
    return bitset ? (long)woken : -EINVAL;
}

long futex_wake_address(vaddr_t addr, u32 count)
{
    struct user_key key;
    int err = find_key(addr, false, &key);

    return err ? err : futex_wake(&key, count, FUTEX_BITSET_ANY);
}

/* --- waiting --- */

static void enqueue(struct futex_waiter *w)
{
    irqflags_t flags;

    w->bucket = bucket_of(&w->key);
    flags = spin_lock(&w->bucket->lock);
    list_push_back(&w->bucket->waiters, &w->link);
    spin_unlock(&w->bucket->lock, flags);
}

/* Leaves the list, whichever it is by now. True if the waiter was woken before. */
static bool dequeue(struct futex_waiter *w)
{
    for (;;) {
        struct bucket *b = READ_ONCE(w->bucket);
        irqflags_t flags = spin_lock(&b->lock);
        bool here = b == w->bucket;
        bool woken = w->woken;

        if (here && !woken)
            list_remove(&w->link);
        spin_unlock(&b->lock, flags);
        if (here)
            return woken;
    }
}

/* How an interrupted wait goes on: a relative timeout would start again, so not behind a handler. */
static long interrupted(u64 deadline, bool relative)
{
    return deadline != WAIT_FOREVER && relative ? -ERESTARTNOHAND : -ERESTARTSYS;
}

static long futex_wait(vaddr_t addr, const struct user_key *key, u32 expected, u64 deadline,
                       bool relative, u32 bitset)
{
    struct wait_queue queue;
    struct futex_waiter w = {.key = *key, .queue = &queue, .bitset = bitset};
    u32 seen;
    int err;

    if (!bitset)
        return -EINVAL;
    wait_queue_init(&queue, "futex waiter");
    enqueue(&w);
    err = user_load32(addr, &seen);
    if (!err && seen != expected)
        err = -EAGAIN;
    if (!err)
        err = wait_event_until(&queue, atomic_load_acquire(&w.woken), deadline, true);
    if (dequeue(&w))
        return 0;
    return err == -EINTR ? interrupted(deadline, relative) : err;
}

/* FUTEX_WAIT's timeout is relative; WAIT_BITSET's is absolute, of one of two clocks. */
static int wait_deadline(vaddr_t timeout, bool relative, bool realtime, u64 *deadline)
{
    u64 ns;
    int err;

    *deadline = WAIT_FOREVER;
    if (!timeout)
        return 0;
    err = args_timespec(timeout, &ns);
    if (err || ns == TIME_NEVER)
        return err;
    *deadline = relative ? args_deadline(ns) : args_absolute_deadline(realtime, ns);
    return 0;
}

/* --- waiting for one of several --- */

struct futex_set {
    struct wait_queue queue;
    u32 count;
    struct futex_waiter waiters[];
};

static bool any_woken(const struct futex_set *set)
{
    for (u32 i = 0; i < set->count; i++)
        if (atomic_load_acquire(&set->waiters[i].woken))
            return true;
    return false;
}

static int find_waitv_key(const struct futex_waitv *v, struct user_key *key)
{
    if (v->flags & ~(u32)(FUTEX_32 | FUTEX_PRIVATE_FLAG) || !(v->flags & FUTEX_32) || v->reserved)
        return -EINVAL;
    return find_key(v->uaddr, v->flags & FUTEX_PRIVATE_FLAG, key);
}

/* Nobody is queued before all of them are known to be good. */
static int find_keys(struct futex_set *set, const struct futex_waitv *v)
{
    int err = 0;

    for (u32 i = 0; i < set->count && !err; i++) {
        set->waiters[i].queue = &set->queue;
        set->waiters[i].bitset = FUTEX_BITSET_ANY;
        err = find_waitv_key(&v[i], &set->waiters[i].key);
    }
    return err;
}

/* The last one's index that was woken, or -1. */
static long leave_all(struct futex_set *set)
{
    long woken = -1;

    for (u32 i = 0; i < set->count; i++)
        if (dequeue(&set->waiters[i]))
            woken = i;
    return woken;
}

static int check_words(const struct futex_waitv *v, u32 count)
{
    u32 seen;
    int err = 0;

    for (u32 i = 0; i < count && !err; i++) {
        err = user_load32(v[i].uaddr, &seen);
        if (!err && seen != (u32)v[i].val)
            err = -EAGAIN;
    }
    return err;
}

static long wait_for_any(struct futex_set *set, const struct futex_waitv *v, u64 deadline)
{
    int err = find_keys(set, v);

    if (err)
        return err;
    for (u32 i = 0; i < set->count; i++)
        enqueue(&set->waiters[i]);
    err = check_words(v, set->count);
    if (!err)
        err = wait_event_until(&set->queue, any_woken(set), deadline, true);
    long woken = leave_all(set);
    if (woken >= 0)
        return woken;
    return err == -EINTR ? -ERESTARTSYS : err;
}

static long futex_waitv(vaddr_t from, u32 count, u64 deadline)
{
    struct futex_set *set = kzalloc(sizeof(*set) + count * sizeof(set->waiters[0]));
    struct futex_waitv *v = kmalloc(count * sizeof(*v));
    long rc = -ENOMEM;

    if (set && v) {
        wait_queue_init(&set->queue, "futex waiter");
        set->count = count;
        rc = copyin(v, from, count * sizeof(*v)) ? -EFAULT : wait_for_any(set, v, deadline);
    }
    kfree(v);
    kfree(set);
    return rc;
}

SYSCALL5(futex_waitv, vaddr_t, waiters, u32, count, u32, flags, vaddr_t, timeout, int, clock)
{
    u64 deadline;
    int err;

    if (flags || !waiters || !count || count > FUTEX_WAITV_MAX)
        return -EINVAL;
    if (timeout && clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return -EINVAL;
    err = wait_deadline(timeout, false, clock == CLOCK_REALTIME, &deadline);
    return err ? err : futex_waitv(waiters, count, deadline);
}

/* --- two futexes at once --- */

static irqflags_t lock_two(struct bucket *a, struct bucket *b)
{
    irqflags_t flags = spin_lock(a < b ? &a->lock : &b->lock);

    if (a != b)
        spin_lock_second(a < b ? &b->lock : &a->lock);
    return flags;
}

static void unlock_two(struct bucket *a, struct bucket *b, irqflags_t flags)
{
    if (a != b)
        spin_unlock_nested(a < b ? &b->lock : &a->lock);
    spin_unlock(a < b ? &a->lock : &b->lock, flags);
}

static u32 move_waiters(struct bucket *from, const struct user_key *old, struct bucket *to,
                        const struct user_key *new, u32 count)
{
    struct futex_waiter *w;
    struct futex_waiter *next;
    u32 moved = 0;

    list_for_each_entry_safe (w, next, &from->waiters, link) {
        if (moved == count)
            break;
        if (!same_key(&w->key, old))
            continue;
        list_remove(&w->link);
        w->key = *new;
        WRITE_ONCE(w->bucket, to);
        list_push_back(&to->waiters, &w->link);
        moved++;
    }
    return moved;
}

/* Wakes some and lets others wait for `addr2` instead. `expected` NULL: whatever the word is. */
static long futex_requeue(vaddr_t addr, const struct user_key *key, u32 wake, u32 requeue,
                          const struct user_key *key2, const u32 *expected)
{
    u32 seen;
    int err = expected ? user_load32(addr, &seen) : 0;

    if (err)
        return err;
    if (expected && seen != *expected)
        return -EAGAIN;

    struct bucket *from = bucket_of(key);
    struct bucket *to = bucket_of(key2);
    irqflags_t flags = lock_two(from, to);
    u32 woken = wake_in(from, key, wake, FUTEX_BITSET_ANY);
    u32 moved = same_key(key, key2) ? 0 : move_waiters(from, key, to, key2, requeue);
    unlock_two(from, to, flags);
    return expected ? (long)woken + moved : woken;
}

/* FUTEX_WAKE_OP's operation, as futex(2) encodes it: op, cmp, oparg, cmparg. */
struct wake_op {
    u32 op, cmp;
    s32 oparg, cmparg;
};

static struct wake_op decode_wake_op(u32 code)
{
    struct wake_op op = {.op = code >> 28 & 7,
                         .cmp = code >> 24 & 15,
                         .oparg = (s32)(code << 8) >> 20,
                         .cmparg = (s32)(code << 20) >> 20};

    if (code >> 31)
        op.oparg = (s32)(1u << (op.oparg & 31));
    return op;
}

static u32 apply_op(const struct wake_op *op, u32 old)
{
    u32 arg = (u32)op->oparg;

    switch (op->op) {
    case 0:
        return arg;
    case 1:
        return old + arg;
    case 2:
        return old | arg;
    case 3:
        return old & ~arg;
    default:
        return old ^ arg;
    }
}

static bool compare_op(const struct wake_op *op, s32 old)
{
    switch (op->cmp) {
    case 0:
        return old == op->cmparg;
    case 1:
        return old != op->cmparg;
    case 2:
        return old < op->cmparg;
    case 3:
        return old <= op->cmparg;
    case 4:
        return old > op->cmparg;
    default:
        return old >= op->cmparg;
    }
}

/* Changes the word at addr2 atomically; *old is what it was. */
static int change_word(vaddr_t addr2, const struct wake_op *op, u32 *old)
{
    int err = user_load32(addr2, old);

    while (!err) {
        u32 expected = *old;

        err = user_cas32(addr2, expected, apply_op(op, expected), old);
        if (!err && *old == expected)
            return 0;
    }
    return err;
}

static long futex_wake_op(const struct user_key *key, u32 wake, u32 wake2, vaddr_t addr2,
                          const struct user_key *key2, u32 code)
{
    struct wake_op op = decode_wake_op(code);
    u32 old;
    int err;

    if (op.op > 4 || op.cmp > 5)
        return -ENOSYS;
    err = change_word(addr2, &op, &old);
    if (err)
        return err;
    long woken = futex_wake(key, wake, FUTEX_BITSET_ANY);
    if (compare_op(&op, (s32)old))
        woken += futex_wake(key2, wake2, FUTEX_BITSET_ANY);
    return woken;
}

/* --- the call --- */

static long wait_call(vaddr_t addr, const struct user_key *key, int op, u32 value, u64 timeout,
                      u32 bitset)
{
    bool relative = (op & FUTEX_COMMAND) == FUTEX_WAIT;
    u64 deadline;
    int err = wait_deadline(timeout, relative, op & FUTEX_CLOCK_REALTIME, &deadline);

    return err ? err : futex_wait(addr, key, value, deadline, relative, bitset);
}

/* Those with a second futex. The timeout's place holds a second count. */
static long two_call(vaddr_t addr, const struct user_key *key, int op, u32 value, u32 value2,
                     vaddr_t addr2, u32 value3)
{
    struct user_key key2;
    int err = find_key(addr2, op & FUTEX_PRIVATE_FLAG, &key2);

    if (err)
        return err;
    switch (op & FUTEX_COMMAND) {
    case FUTEX_REQUEUE:
        return futex_requeue(addr, key, value, value2, &key2, NULL);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(addr, key, value, value2, &key2, &value3);
    default:
        return futex_wake_op(key, value, value2, addr2, &key2, value3);
    }
}

SYSCALL6(futex, vaddr_t, addr, int, op, u32, value, u64, timeout, vaddr_t, addr2, u32, value3)
{
    int command = op & FUTEX_COMMAND;
    struct user_key key;
    int err = find_key(addr, op & FUTEX_PRIVATE_FLAG, &key);

    if ((op & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
        return err ? err : wait_call(addr, &key, op, value, timeout, FUTEX_BITSET_ANY);
    case FUTEX_WAIT_BITSET:
        return err ? err : wait_call(addr, &key, op, value, timeout, value3);
    case FUTEX_WAKE:
        return err ? err : futex_wake(&key, value, FUTEX_BITSET_ANY);
    case FUTEX_WAKE_BITSET:
        return err ? err : futex_wake(&key, value, value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_WAKE_OP:
        return err ? err : two_call(addr, &key, op, value, (u32)timeout, addr2, value3);
    default:
        return -ENOSYS;
    }
}

/* --- start-up --- */

static void futex_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        spin_init(&buckets[i].lock, "futex");
        list_init(&buckets[i].waiters);
    }
}
INITCALL(INIT_FS, futex_init);
