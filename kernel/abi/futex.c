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
#include "futex_impl.h"
#include "syscall.h"

#include <abi/linux/futex.h>
#include <arch/mmu.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <mm/slab.h>

/* What of the operation is not a flag. */
#define FUTEX_COMMAND (~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))

/* --- waking --- */

/* Under the bucket's lock. */
static void wake_waiter(struct futex_waiter *w)
{
    list_remove(&w->link);
    atomic_store_release(&w->woken, true);
    wake_one(w->queue);
}

/*
 * Under the bucket's lock: wakes up to `count` of those that wait for the key and share a bit. -EINVAL: one of
 * them is to get a lock (futex_pi.c).
 */
static long wake_in(struct bucket *b, const struct user_key *key, u32 count, u32 bitset)
{
    struct futex_waiter *w;
    struct futex_waiter *next;
    u32 woken = 0;

    list_for_each_entry_safe (w, next, &b->waiters, link) {
        if (woken == count)
            break;
        if (!same_key(&w->key, key) || !(w->bitset & bitset))
            continue;
        if (unlikely(w->pi))
            return -EINVAL;
        wake_waiter(w);
        woken++;
    }
    return woken;
}

static long futex_wake(const struct user_key *key, u32 count, u32 bitset)
{
    struct bucket *b = bucket_of(key);
    irqflags_t flags = spin_lock(&b->lock);
    long woken = wake_in(b, key, count, bitset);

    spin_unlock(&b->lock, flags);
    return bitset ? woken : -EINVAL;
}

long futex_wake_address(vaddr_t addr, u32 count)
{
    struct user_key key;
    int err = futex_find_key(addr, false, &key);

    return err ? err : futex_wake(&key, count, FUTEX_BITSET_ANY);
}

/* --- waiting --- */

/* FUTEX_WAIT's timeout is relative; WAIT_BITSET's is absolute, of one of two clocks. */
static int wait_until(vaddr_t timeout, bool relative, bool realtime, struct futex_until *until)
{
    u64 ns;
    int err;

    *until = FUTEX_FOREVER;
    if (!timeout)
        return 0;
    err = args_timespec(timeout, &ns);
    if (err || ns == TIME_NEVER)
        return err;
    if (relative)
        until->ns = args_deadline(ns);
    else if (realtime)
        *until = (struct futex_until){.ns = ns, .date = true};
    else
        until->ns = args_absolute_deadline(ns);
    return 0;
}

/* With a timeout it goes on to the same end, but not behind a handler: that would have to be told the end. */
static long interrupted(const struct restart *how)
{
    if (how->until == WAIT_FOREVER)
        return -ERESTARTSYS;
    current_thread()->restart = *how;
    return -ERESTART_RESTARTBLOCK;
}

/* `how`: the futex's address, value and bitset; FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME: `until` is a date. */
static long futex_wait(const struct restart *how)
{
    struct futex_until until = {how->until, how->flags & FUTEX_CLOCK_REALTIME};
    struct wait_queue queue;
    struct futex_waiter w = {.queue = &queue, .bitset = how->mask};
    u32 seen;
    int err = futex_find_key(how->addr, how->flags & FUTEX_PRIVATE_FLAG, &w.key);

    if (err || !how->mask)
        return err ? err : -EINVAL;
    wait_queue_init(&queue, "futex waiter");
    futex_enqueue(&w);
    err = user_load32(how->addr, &seen);
    if (!err && seen != how->value)
        err = -EAGAIN;
    if (!err)
        err = futex_sleep(&queue, futex_flag_set, &w.woken, until);
    if (futex_dequeue(&w))
        return 0;
    return err == -EINTR ? interrupted(how) : err;
}

static long wait_call(vaddr_t addr, int op, u32 value, vaddr_t timeout, u32 bitset)
{
    bool relative = (op & FUTEX_COMMAND) == FUTEX_WAIT;
    struct futex_until until;
    int err = wait_until(timeout, relative, op & FUTEX_CLOCK_REALTIME, &until);
    struct restart how = {.go_on = futex_wait,
                          .until = until.ns,
                          .addr = addr,
                          .value = value,
                          .mask = bitset,
                          .flags = op & FUTEX_PRIVATE_FLAG};

    if (until.date)
        how.flags |= FUTEX_CLOCK_REALTIME;
    return err ? err : futex_wait(&how);
}

/* --- waiting for one of several --- */

struct futex_set {
    struct wait_queue queue;
    u32 count;
    struct futex_waiter waiters[];
};

static bool any_woken(void *arg)
{
    const struct futex_set *set = arg;

    for (u32 i = 0; i < set->count; i++)
        if (atomic_load_acquire(&set->waiters[i].woken))
            return true;
    return false;
}

static int find_waitv_key(const struct futex_waitv *v, struct user_key *key)
{
    if (v->flags & ~(u32)(FUTEX_32 | FUTEX_PRIVATE_FLAG) || !(v->flags & FUTEX_32) || v->reserved)
        return -EINVAL;
    return futex_find_key(v->uaddr, v->flags & FUTEX_PRIVATE_FLAG, key);
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
        if (futex_dequeue(&set->waiters[i]))
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

static long wait_for_any(struct futex_set *set, const struct futex_waitv *v,
                         struct futex_until until)
{
    int err = find_keys(set, v);

    if (err)
        return err;
    for (u32 i = 0; i < set->count; i++)
        futex_enqueue(&set->waiters[i]);
    err = check_words(v, set->count);
    if (!err)
        err = futex_sleep(&set->queue, any_woken, set, until);
    long woken = leave_all(set);
    if (woken >= 0)
        return woken;
    return err == -EINTR ? -ERESTARTSYS : err;
}

static long futex_waitv(vaddr_t from, u32 count, struct futex_until until)
{
    struct futex_set *set = kzalloc(sizeof(*set) + count * sizeof(set->waiters[0]));
    struct futex_waitv *v = kmalloc(count * sizeof(*v));
    long rc = -ENOMEM;

    if (set && v) {
        wait_queue_init(&set->queue, "futex waiter");
        set->count = count;
        rc = copyin(v, from, count * sizeof(*v)) ? -EFAULT : wait_for_any(set, v, until);
    }
    kfree(v);
    kfree(set);
    return rc;
}

SYSCALL5(futex_waitv, vaddr_t, waiters, u32, count, u32, flags, vaddr_t, timeout, int, clock)
{
    struct futex_until until;
    int err;

    if (flags || !waiters || !count || count > FUTEX_WAITV_MAX)
        return -EINVAL;
    if (timeout && clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return -EINVAL;
    err = wait_until(timeout, false, clock == CLOCK_REALTIME, &until);
    return err ? err : futex_waitv(waiters, count, until);
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

static long move_waiters(struct bucket *from, const struct user_key *old, struct bucket *to,
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
        if (w->pi)
            return -EINVAL;
        list_remove(&w->link);
        w->key = *new;
        WRITE_ONCE(w->bucket, to);
        list_push_back(&to->waiters, &w->link);
        moved++;
    }
    return moved;
}

/* Under both buckets' locks. */
static long requeue_in(struct bucket *from, const struct user_key *key, u32 wake, struct bucket *to,
                       const struct user_key *key2, u32 requeue, bool count_moved)
{
    long woken = wake_in(from, key, wake, FUTEX_BITSET_ANY);
    long moved = 0;

    if (woken >= 0 && !same_key(key, key2))
        moved = move_waiters(from, key, to, key2, requeue);
    if (woken < 0 || moved < 0)
        return -EINVAL;
    return count_moved ? woken + moved : woken;
}

/*
 * Wakes some and lets others wait for `addr2` instead. `expected` NULL: whatever the word is. It is compared
 * under the locks: nobody can wake or wait between that and the rest.
 */
static long futex_requeue(vaddr_t addr, const struct user_key *key, u32 wake, u32 requeue,
                          const struct user_key *key2, const u32 *expected)
{
    struct bucket *from = bucket_of(key);
    struct bucket *to = bucket_of(key2);
    struct user_words words;
    irqflags_t flags;
    long rc = user_words_hold(&words, expected ? addr : USER_NO_WORD, USER_NO_WORD);

    if (rc)
        return rc;
    flags = lock_two(from, to);
    if (expected && __atomic_load_n(words.read, __ATOMIC_SEQ_CST) != *expected)
        rc = -EAGAIN;
    else
        rc = requeue_in(from, key, wake, to, key2, requeue, expected);
    unlock_two(from, to, flags);
    user_words_release(&words);
    return rc;
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
    if (woken >= 0 && compare_op(&op, (s32)old)) {
        long more = futex_wake(key2, wake2, FUTEX_BITSET_ANY);
        woken = more < 0 ? more : woken + more;
    }
    return woken;
}

/* --- the call --- */

/* Those with a second futex. The timeout's place holds a second count. */
static long two_call(vaddr_t addr, const struct user_key *key, int op, u32 value, u32 value2,
                     vaddr_t addr2, u32 value3)
{
    struct user_key key2;
    int err = futex_find_key(addr2, op & FUTEX_PRIVATE_FLAG, &key2);

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

/* Those on locks whose owner the kernel knows: times are absolute, FUTEX_LOCK_PI's are of the calendar. */
static long pi_call(vaddr_t addr, int op, u32 value, u64 timeout, vaddr_t addr2, u32 value3)
{
    int command = op & FUTEX_COMMAND;
    bool private = op & FUTEX_PRIVATE_FLAG;
    bool realtime = command == FUTEX_LOCK_PI || op & FUTEX_CLOCK_REALTIME;
    struct futex_until until;
    int err;

    if (command == FUTEX_UNLOCK_PI)
        return futex_pi_unlock(addr, private);
    if (command == FUTEX_TRYLOCK_PI)
        return futex_pi_lock(addr, private, true, FUTEX_FOREVER);
    if (command == FUTEX_CMP_REQUEUE_PI)
        return futex_pi_requeue(addr, private, value, (u32)timeout, addr2, value3);
    err = wait_until(timeout, false, realtime, &until);
    if (err)
        return err;
    if (command == FUTEX_WAIT_REQUEUE_PI)
        return futex_pi_wait(addr, private, value, until, addr2);
    return futex_pi_lock(addr, private, false, until);
}

/* Whether the command takes the flag that says of which clock its time is. */
static bool has_clock(int command)
{
    return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI ||
           command == FUTEX_LOCK_PI2;
}

SYSCALL6(futex, vaddr_t, addr, int, op, u32, value, u64, timeout, vaddr_t, addr2, u32, value3)
{
    int command = op & FUTEX_COMMAND;
    struct user_key key;
    int err;

    if ((op & FUTEX_CLOCK_REALTIME) && !has_clock(command))
        return -ENOSYS;
    if (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET)
        return wait_call(addr, op, value, timeout,
                         command == FUTEX_WAIT ? FUTEX_BITSET_ANY : value3);
    err = futex_find_key(addr, op & FUTEX_PRIVATE_FLAG, &key);
    switch (command) {
    case FUTEX_WAKE:
        return err ? err : futex_wake(&key, value, FUTEX_BITSET_ANY);
    case FUTEX_WAKE_BITSET:
        return err ? err : futex_wake(&key, value, value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_WAKE_OP:
        return err ? err : two_call(addr, &key, op, value, (u32)timeout, addr2, value3);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
    case FUTEX_TRYLOCK_PI:
    case FUTEX_UNLOCK_PI:
    case FUTEX_WAIT_REQUEUE_PI:
    case FUTEX_CMP_REQUEUE_PI:
        return err ? err : pi_call(addr, op, value, timeout, addr2, value3);
    default:
        return -ENOSYS;
    }
}
