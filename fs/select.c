/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * select (see include/fs/poll.h). The sets are looked at word by word, as they come from the program: there is no
 * list of descriptors in between.
 */
#include <fs/poll.h>

#include <fs/fdtable.h>
#include <lib/errno.h>

#define IN_EVENTS  (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define OUT_EVENTS (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)

/* A word of each set, and a bit that walks through it. */
struct words {
    u64 in, out, except;
};

/* Puts the descriptor into the sets that its events belong to, of those that ask. How many that are. */
static inline int show(const struct words *asked, struct words *ready, u64 bit, u32 events)
{
    int n = 0;

    if (events & IN_EVENTS && asked->in & bit) {
        ready->in |= bit;
        n++;
    }
    if (events & OUT_EVENTS && asked->out & bit) {
        ready->out |= bit;
        n++;
    }
    if (unlikely(events & POLLPRI) && asked->except & bit) {
        ready->except |= bit;
        n++;
    }
    return n;
}

/* poll_fd() for who is not going to sleep, which is the fast way. */
static inline u32 poll_fd_now(int fd)
{
    struct fd_ref ref = fd_get(fd);
    u32 events = likely(ref.file) ? file_poll(ref.file, NULL) : POLLNVAL;

    fd_put(ref);
    return events;
}

/* The descriptors from `fd` on. Registers on queues (call not NULL) until one is found ready. */
static int look_at_word(int fd, const struct words *asked, struct words *ready,
                        struct poll_call *call)
{
    u64 left = asked->in | asked->out | asked->except;
    int n = 0;

    for (u64 bit = 1; left; bit <<= 1, fd++) {
        if (!(left & bit))
            continue;
        left &= ~bit;
        u32 events = n || !call ? poll_fd_now(fd) : poll_fd(fd, call);
        if (unlikely(events & POLLNVAL))
            return -EBADF;
        n += show(asked, ready, bit, events);
    }
    return n;
}

static inline u64 asked_word(const struct select_sets *s, unsigned set, unsigned w)
{
    return s->asked[set] ? s->asked[set][w] : 0;
}

static int look_at_sets(void *what, struct poll_call *call)
{
    struct select_sets *s = what;
    int n = 0;

    for (unsigned w = 0; w < s->words; w++) {
        struct words asked = {asked_word(s, SELECT_IN, w), asked_word(s, SELECT_OUT, w),
                              asked_word(s, SELECT_EXCEPT, w)};
        struct words ready = {0, 0, 0};
        int more = look_at_word((int)w * 64, &asked, &ready, n ? NULL : call);

        if (more < 0)
            return more;
        n += more;
        s->ready[SELECT_IN][w] = ready.in;
        s->ready[SELECT_OUT][w] = ready.out;
        s->ready[SELECT_EXCEPT][w] = ready.except;
    }
    return n;
}

int select_wait(struct select_sets *sets, u64 deadline)
{
    return poll_until(look_at_sets, sets, deadline);
}
