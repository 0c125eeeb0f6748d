/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll and select (see include/fs/poll.h).
 *
 * Each queue that a file names gets a waiter, and each file that named one is kept by a reference
 * until the waiter is off its queue again: another thread may close the descriptor meanwhile.
 */
#include <fs/poll.h>

#include <fs/fdtable.h>
#include <lib/err.h>
#include <lib/errno.h>
#include <mm/slab.h>

/* Waiters that did not fit, in pieces. */
#define POLL_PIECE 30

struct poll_slot {
    struct waiter waiter;
    struct file *file; /* referenced, or NULL: borrowed, and safe for the time of the call */
};

struct poll_more {
    struct poll_more *next;
    unsigned used;
    struct poll_slot slot[POLL_PIECE];
};

struct poll_call {
    struct poll_table table;
    struct fd_ref file; /* whose poll operation runs */
    bool no_memory;
    unsigned used;
    struct poll_more *more;
    struct poll_slot fixed[POLL_FIXED];
};

static struct poll_slot *slot_in_piece(struct poll_call *table)
{
    struct poll_more *piece = table->more;

    if (!piece || piece->used == POLL_PIECE) {
        piece = kmalloc(sizeof(*piece));
        if (!piece)
            return NULL;
        piece->used = 0;
        piece->next = table->more;
        table->more = piece;
    }
    return &piece->slot[piece->used++];
}

static void add_slot(struct poll_table *to, struct wait_queue *queue)
{
    struct poll_call *table = container_of(to, struct poll_call, table);
    struct poll_slot *slot;

    slot = table->used < POLL_FIXED ? &table->fixed[table->used++] : slot_in_piece(table);
    if (!slot) {
        table->no_memory = true;
        return;
    }
    slot->file = table->file.counted ? file_get(table->file.file) : NULL;
    slot->waiter.queue = NULL;
    waiter_add(queue, &slot->waiter);
}

static void drop_slots(struct poll_slot *slot, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        waiter_remove(&slot[i].waiter);
        if (slot[i].file)
            file_put(slot[i].file);
    }
}

static void table_done(struct poll_call *table)
{
    drop_slots(table->fixed, table->used);
    while (table->more) {
        struct poll_more *piece = table->more;

        table->more = piece->next;
        drop_slots(piece->slot, piece->used);
        kfree(piece);
    }
}

u32 poll_fd(int fd, struct poll_call *call)
{
    struct fd_ref ref = fd_get(fd);
    u32 events;

    if (unlikely(!ref.file))
        return POLLNVAL;
    if (call)
        call->file = ref;
    events = file_poll(ref.file, call ? &call->table : NULL);
    fd_put(ref);
    return events;
}

/* The entries of a poll call. */
struct poll_entries {
    struct linux_pollfd *entry;
    unsigned count;
};

/* Looks at every entry; registers on queues (call not NULL) until one is found ready. */
static int look_at_entries(void *what, struct poll_call *call)
{
    const struct poll_entries *entries = what;
    int ready = 0;

    for (unsigned i = 0; i < entries->count; i++) {
        struct linux_pollfd *e = &entries->entry[i];

        e->revents = 0;
        if (e->fd < 0)
            continue;
        e->revents = (s16)(poll_fd(e->fd, ready ? NULL : call) &
                           ((u16)e->events | POLLERR | POLLHUP | POLLNVAL));
        ready += e->revents != 0;
    }
    return ready;
}

int poll_wait(struct linux_pollfd *entries, unsigned count, u64 deadline)
{
    struct poll_entries what = {.entry = entries, .count = count};

    return poll_until(look_at_entries, &what, deadline);
}

/* Sleeps until something is ready or the deadline has passed; every queue has been named. */
static int sleep_and_look(int (*look)(void *what, struct poll_call *call), void *what,
                          const struct poll_call *call, u64 deadline)
{
    int ready = 0, err = 0;

    while (!ready && !err && !call->no_memory) {
        sched_prepare(WAIT_INTERRUPTIBLE);
        ready = look(what, NULL);
        if (!ready)
            err = sched_block(deadline);
        sched_unprepare();
        if (err)
            ready = look(what, NULL);
    }
    if (ready)
        return ready;
    if (call->no_memory)
        return -ENOMEM;
    return err == -EINTR ? -ERESTARTNOHAND : 0;
}

int poll_until(int (*look)(void *what, struct poll_call *call), void *what, u64 deadline)
{
    struct poll_call call; /* the slots need not be cleared */
    int ready;

    if (!deadline)
        return look(what, NULL);
    call.table = (struct poll_table){.add = add_slot};
    call.no_memory = false;
    call.used = 0;
    call.more = NULL;
    ready = look(what, &call);
    if (!ready)
        ready = sleep_and_look(look, what, &call, deadline);
    table_done(&call);
    return ready;
}
