/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for several descriptors: ppoll, and pselect6 on top of the same list of entries. Both
 * write the time that is left back, and then an interrupted call can simply be made again.
 */
#include "args.h"
#include "syscall.h"

#include <abi/linux/poll.h>
#include <abi/linux/resource.h>
#include <fs/poll.h>
#include <kernel/rlimit.h>
#include <kernel/signal.h>
#include <kernel/time.h>
#include <lib/string.h>
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

    if (!timeout || deadline == WAIT_FOREVER)
        return;
    now = deadline ? time_now_ns() : 0;
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

enum { SET_IN, SET_OUT, SET_EX, SETS };

#define SELECT_BITS_MAX (1u << 20)

/* What each set waits for, and which of the events that hold put a descriptor into it. */
static const s16 wanted[SETS] = {POLLIN | POLLRDNORM | POLLRDBAND,
                                 POLLOUT | POLLWRNORM | POLLWRBAND, POLLPRI};
static const s16 shown[SETS] = {POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
                                POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR, POLLPRI};

/* One pselect6 call: the three sets as bitmaps of `words` words, and an entry per descriptor. */
struct select {
    vaddr_t addr[SETS];
    u64 *bits[SETS];
    struct linux_pollfd *entries;
    unsigned count;
    unsigned words;
    u64 small[SETS * 2 + 2 * POLL_SMALL]; /* room for descriptors below 64 or so */
};

/* Takes room for bitmaps and entries of n descriptors, and reads the sets. */
static int select_read(struct select *s, unsigned n)
{
    size_t bitmap = s->words * sizeof(u64);
    size_t need = SETS * bitmap + n * sizeof(struct linux_pollfd);
    u64 *room = need <= sizeof(s->small) ? s->small : kmalloc(need);

    if (!room)
        return -ENOMEM;
    for (int i = 0; i < SETS; i++) {
        s->bits[i] = room + (size_t)i * s->words;
        memset(s->bits[i], 0, bitmap);
        if (s->addr[i] && copyin(s->bits[i], s->addr[i], bitmap))
            goto fault;
    }
    s->entries = (void *)(room + (size_t)SETS * s->words);
    return 0;
fault:
    if (room != s->small)
        kfree(room);
    return -EFAULT;
}

static void select_put(struct select *s)
{
    if (s->bits[0] != s->small)
        kfree(s->bits[0]);
}

/* One entry for each descriptor below n that is in a set. */
static void select_list(struct select *s, unsigned n)
{
    s->count = 0;
    for (unsigned fd = 0; fd < n; fd++) {
        s16 events = 0;

        for (int i = 0; i < SETS; i++) {
            if (s->bits[i][fd / 64] >> (fd % 64) & 1)
                events |= wanted[i];
        }
        if (events)
            s->entries[s->count++] = (struct linux_pollfd){.fd = (s32)fd, .events = events};
    }
}

/* Sets the bits of what is ready. Returns their number, or -EBADF. */
static int select_result(struct select *s)
{
    int total = 0;

    for (int i = 0; i < SETS; i++)
        memset(s->bits[i], 0, s->words * sizeof(u64));
    for (unsigned k = 0; k < s->count; k++) {
        struct linux_pollfd *e = &s->entries[k];

        if (e->fd >= 0 && e->revents & POLLNVAL)
            return -EBADF;
        for (int i = 0; e->fd >= 0 && i < SETS; i++) {
            if (e->events & wanted[i] && e->revents & shown[i]) {
                s->bits[i][e->fd / 64] |= 1ul << (e->fd % 64);
                total++;
            }
        }
    }
    return total;
}

/* poll reports hang-ups nobody asked for, select does not: such entries must not end the wait. */
static void select_mute(struct select *s)
{
    for (unsigned k = 0; k < s->count; k++) {
        if (s->entries[k].revents)
            s->entries[k].fd = -1;
    }
}

static int select_wait(struct select *s, u64 deadline, const sigset_mask *mask)
{
    for (;;) {
        int n = poll_masked(s->entries, s->count, deadline, mask);

        if (n < 0)
            return n;
        int total = select_result(s);
        if (total || !n)
            return total;
        select_mute(s);
    }
}

static int select_write(struct select *s)
{
    for (int i = 0; i < SETS; i++) {
        if (s->addr[i] && copyout(s->addr[i], s->bits[i], s->words * sizeof(u64)))
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
    struct select s = {.addr = {in, out, ex}};
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
    n = (int)MIN((u64)n, MIN(rlimit_current(RLIMIT_NOFILE), (u64)SELECT_BITS_MAX));
    s.words = ((unsigned)n + 63) / 64;
    rc = select_read(&s, (unsigned)n);
    if (rc)
        return rc;
    select_list(&s, (unsigned)n);
    rc = select_wait(&s, deadline, masked ? &mask : NULL);
    if (rc >= 0 && select_write(&s))
        rc = -EFAULT;
    put_time_left(timeout, deadline);
    select_put(&s);
    return rc;
}
