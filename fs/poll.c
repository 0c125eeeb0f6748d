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

static u32 look_at(struct linux_pollfd *entry, struct poll_call *table)
{
    struct fd_ref ref = fd_get(entry->fd);
    u32 events;

    if (!ref.file)
        return POLLNVAL;
    if (table)
        table->file = ref;
    events = file_poll(ref.file, table ? &table->table : NULL);
    fd_put(ref);
    return events & ((u16)entry->events | POLLERR | POLLHUP | POLLNVAL);
}

/* Looks at every entry; registers on queues (table not NULL) until one is found ready. */
static int look_at_all(struct linux_pollfd *entries, unsigned count, struct poll_call *table)
{
    int ready = 0;

    for (unsigned i = 0; i < count; i++) {
        entries[i].revents = 0;
        if (entries[i].fd < 0)
            continue;
        entries[i].revents = (s16)look_at(&entries[i], ready ? NULL : table);
        if (entries[i].revents)
            ready++;
    }
    return ready;
}

int poll_wait(struct linux_pollfd *entries, unsigned count, u64 deadline)
{
    struct poll_call table = {.table.add = add_slot};
    int ready = look_at_all(entries, count, deadline ? &table : NULL);
    int err = 0;

    while (!ready && !err && !table.no_memory && deadline) {
        sched_prepare(WAIT_INTERRUPTIBLE);
        ready = look_at_all(entries, count, NULL);
        if (!ready)
            err = sched_block(deadline);
        sched_unprepare();
        if (err)
            ready = look_at_all(entries, count, NULL);
    }
    table_done(&table);
    if (ready)
        return ready;
    if (table.no_memory)
        return -ENOMEM;
    return err == -EINTR ? -ERESTARTNOHAND : 0;
}
