/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for several descriptors: ppoll and pselect6. Both write the time that is left back, and then an
 * interrupted call can simply be made again.
 */
#include "args.h"
#include "syscall.h"

#include <abi/linux/poll.h>
#include <abi/linux/resource.h>
#include <fs/poll.h>
#include <kernel/rlimit.h>
#include <kernel/signal.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

#define POLL_SMALL 16

/* The deadline for an optional timespec. */
static int poll_deadline(vaddr_t timeout, u64 *deadline)
{
    u64 ns;
    int err;

    *deadline = WAIT_FOREVER;
    if (!timeout)
        return 0;
    err = args_timespec(timeout, &ns);
    if (!err)
        *deadline = ns ? args_deadline(ns) : 0;
    return err;
}

/* As Linux: a timeout that cannot be written back is the program's own affair. */
static void put_time_left(vaddr_t timeout, u64 deadline)
{
    u64 now;

    if (!timeout || !deadline || deadline == WAIT_FOREVER) /* 0: it says so already */
        return;
    now = time_now_ns();
    (void)args_put_timespec(timeout, deadline > now ? deadline - now : 0);
}

/* Waits with the given signal mask, if there is one. */
static int poll_masked(struct linux_pollfd *entries, unsigned count, u64 deadline,
                       const sigset_mask *mask)
{
    if (mask)
        sig_set_temporary_mask(*mask);

    int n = poll_wait(entries, count, deadline);
    if (mask && n != -ERESTARTNOHAND)
        sig_end_temporary_mask();
    return n;
}

static long poll_entries(struct linux_pollfd *entries, vaddr_t fds, unsigned count, u64 deadline,
                         const sigset_mask *mask)
{
    size_t size = count * sizeof(*entries);

    if (copyin(entries, fds, size))
        return -EFAULT;
    int n = poll_masked(entries, count, deadline, mask);
    if (n >= 0 && copyout(fds, entries, size))
        return -EFAULT;
    return n;
}

SYSCALL5(ppoll, vaddr_t, fds, unsigned, count, vaddr_t, timeout, vaddr_t, sigmask, size_t, sigsize)
{
    struct linux_pollfd small[POLL_SMALL];
    struct linux_pollfd *entries = small;
    sigset_mask mask;
    u64 deadline;
    int err = poll_deadline(timeout, &deadline);

    if (!err && sigmask)
        err = args_sigset(sigmask, sigsize, &mask);
    if (err)
        return err;
    if (count > rlimit_current(RLIMIT_NOFILE))
        return -EINVAL;
    if (count > POLL_SMALL)
        entries = kmalloc(count * sizeof(*entries));
    if (!entries)
        return -ENOMEM;

    long n = poll_entries(entries, fds, count, deadline, sigmask ? &mask : NULL);
    put_time_left(timeout, deadline);
    if (entries != small)
        kfree(entries);
    return n;
}

/* --- select --- */

#define SELECT_BITS_MAX (1u << 20)
#define SELECT_SMALL    4 /* words of a set that need no memory */

/* One pselect6 call: the program's sets, and room for what they ask and what is ready. */
struct select {
    vaddr_t addr[SELECT_SETS];
    struct select_sets sets;
    u64 small[2 * SELECT_SETS * SELECT_SMALL];
};

static void select_put(struct select *s)
{
    if (s->sets.ready[0] != s->small)
        kfree(s->sets.ready[0]);
}

/* Reads one set; bits from n on count for nothing. */
static int read_set(const struct select *s, int set, unsigned n)
{
    u64 *bits = s->sets.asked[set];
    unsigned words = s->sets.words;

    if (!bits)
        return 0;
    if (copyin(bits, s->addr[set], words * sizeof(u64)))
        return -EFAULT;
    if (n % 64)
        bits[words - 1] &= (1ul << n % 64) - 1;
    return 0;
}

/* Takes room for the sets of n descriptors, and reads them. */
static int select_read(struct select *s, unsigned n)
{
    unsigned words = (n + 63) / 64;
    u64 *room = words <= SELECT_SMALL ? s->small : kmalloc(2ul * SELECT_SETS * words * sizeof(u64));
    int err = 0;

    if (!room)
        return -ENOMEM;
    s->sets.words = words;
    for (unsigned i = 0; i < SELECT_SETS; i++) {
        s->sets.ready[i] = room + (size_t)i * words;
        s->sets.asked[i] = s->addr[i] ? room + (size_t)(SELECT_SETS + i) * words : NULL;
    }
    for (int i = 0; i < SELECT_SETS && !err; i++)
        err = read_set(s, i, n);
    if (err)
        select_put(s);
    return err;
}

/* Waits with the given signal mask, if there is one. */
static int select_masked(struct select *s, u64 deadline, const sigset_mask *mask)
{
    if (mask)
        sig_set_temporary_mask(*mask);

    int n = select_wait(&s->sets, deadline);
    if (mask && n != -ERESTARTNOHAND)
        sig_end_temporary_mask();
    return n;
}

static int select_write(const struct select *s)
{
    for (int i = 0; i < SELECT_SETS; i++) {
        if (s->addr[i] && copyout(s->addr[i], s->sets.ready[i], s->sets.words * sizeof(u64)))
            return -EFAULT;
    }
    return 0;
}

/* The sixth argument points at the mask's address and size; both may be missing. */
static int select_mask(vaddr_t addr, sigset_mask *mask, bool *given)
{
    struct linux_sigset_argument arg;
    int err;

    *given = false;
    if (!addr)
        return 0;
    err = copyin_obj(&arg, addr);
    if (err || !arg.set)
        return err;
    *given = true;
    return args_sigset(arg.set, arg.size, mask);
}

SYSCALL6(pselect6, int, n, vaddr_t, in, vaddr_t, out, vaddr_t, ex, vaddr_t, timeout, vaddr_t, sig)
{
    struct select s; /* the room need not be cleared */
    sigset_mask mask;
    bool masked;
    u64 deadline;
    int rc = poll_deadline(timeout, &deadline);

    if (!rc)
        rc = select_mask(sig, &mask, &masked);
    if (rc)
        return rc;
    if (n < 0)
        return -EINVAL;
    if (n > SELECT_SMALL * 64)
        n = (int)MIN((u64)n, MIN(rlimit_current(RLIMIT_NOFILE), (u64)SELECT_BITS_MAX));
    s.addr[SELECT_IN] = in;
    s.addr[SELECT_OUT] = out;
    s.addr[SELECT_EXCEPT] = ex;
    rc = select_read(&s, (unsigned)n);
    if (rc)
        return rc;
    rc = select_masked(&s, deadline, masked ? &mask : NULL);
    if (rc >= 0 && select_write(&s))
        rc = -EFAULT;
    put_time_left(timeout, deadline);
    select_put(&s);
    return rc;
}
