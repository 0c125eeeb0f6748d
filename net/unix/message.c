/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: messages and the queue that they wait in. A short message is one object; a long one has frames of its own, so
 * that none needs memory in one piece.
 *
 * A queue is under its socket's lock; its first message stays the first for whoever holds `reading`. `doomed`, for messages
 * that are to be freed, has a lock of its own, after which nothing is taken.
 */
#include "unix.h"

#include <base/atomic.h>
#include <kernel/thread.h>
#include <lib/errno.h>
#include <mm/page.h>
#include <mm/slab.h>

#define INLINE_MOST (SLAB_SIZE_MAX - sizeof(struct unix_message))

/* --- making and freeing ---------------------------------------------------------------------- */

static bool is_inline(size_t len)
{
    return len <= INLINE_MOST;
}

static unsigned frames_of(size_t len)
{
    return is_inline(len) ? 0 : (unsigned)(ALIGN_UP(len, PAGE_SIZE) / PAGE_SIZE);
}

static void free_frames(struct unix_message *m)
{
    for (unsigned i = 0; i < frames_of(m->len) && m->page[i]; i++)
        page_put(virt_to_page(m->page[i]));
}

static bool add_frames(struct unix_message *m)
{
    for (unsigned i = 0; i < frames_of(m->len); i++) {
        struct page *page = page_alloc(0, 0, PAGE_PIPE);
        if (!page)
            return false;
        m->page[i] = page_to_virt(page);
    }
    return true;
}

struct unix_message *unix_message_make(struct unix_socket *sender, size_t len)
{
    unsigned frames = frames_of(len);
    size_t size = sizeof(struct unix_message) + (frames ? frames * sizeof(u8 *) : len);
    struct unix_message *m = kzalloc(size);

    if (!m)
        return NULL;
    m->len = (u32)len;
    if (!add_frames(m)) {
        free_frames(m);
        kfree(m);
        return NULL;
    }
    m->sender = unix_get(sender);
    m->name = unix_name_of(sender) ? unix_name_get(unix_name_of(sender)) : NULL;
    m->cred = unix_current_cred();
    m->charge = (u32)(size + frames * PAGE_SIZE);
    atomic_fetch_add(&sender->charged, m->charge);
    return m;
}

void unix_message_free(struct unix_message *m)
{
    struct unix_socket *sender = m->sender;

    if (m->rights)
        unix_rights_free(m->rights);
    free_frames(m);
    unix_name_put(m->name);
    atomic_fetch_sub(&sender->charged, m->charge);
    if (unix_writable(sender))
        wake_all(&sender->can_write);
    unix_put(sender);
    kfree(m);
}

/* --- freeing many ---------------------------------------------------------------------------- */

static struct spinlock doomed_lock = SPINLOCK_INIT("unix doomed");
static struct list doomed = LIST_INIT(doomed);
static bool discarding; /* somebody is in unix_messages_discard's loop */

/* The next message to free; NULL: none, and the loop is left. */
static struct unix_message *next_doomed(void)
{
    irqflags_t flags = spin_lock(&doomed_lock);
    struct list *link = list_pop_front(&doomed);

    if (!link)
        discarding = false;
    spin_unlock(&doomed_lock, flags);
    return link ? list_entry(link, struct unix_message, link) : NULL;
}

/*
 * A message may hold the last reference to a socket with messages in its queue, and so on: those come here again from
 * within the loop, which then has them on its list. So the stack does not grow with how deep they are packed.
 */
void unix_messages_discard(struct list *messages)
{
    struct unix_message *m;
    irqflags_t flags = spin_lock(&doomed_lock);
    bool leave = discarding || (list_empty(messages) && list_empty(&doomed));

    list_splice_back(&doomed, messages);
    discarding = discarding || !leave;
    spin_unlock(&doomed_lock, flags);
    while (!leave && (m = next_doomed())) {
        unix_message_free(m);
        yield_point();
    }
}

/* --- bytes ----------------------------------------------------------------------------------- */

/* The bytes at `at`, and how many of them lie together. */
static u8 *bytes_at(struct unix_message *m, u32 at, u32 *contiguous)
{
    if (is_inline(m->len)) {
        *contiguous = m->len - at;
        return (u8 *)m->page + at;
    }
    *contiguous = (u32)PAGE_SIZE - at % (u32)PAGE_SIZE;
    return m->page[at / PAGE_SIZE] + at % PAGE_SIZE;
}

int unix_message_fill(struct unix_message *m, struct iobuf *from)
{
    int err = 0;
    u32 n;

    for (u32 at = 0; !err && at < m->len; at += n) {
        u8 *to = bytes_at(m, at, &n);
        n = MIN(n, m->len - at);
        err = iobuf_read(from, to, n);
    }
    return err;
}

int unix_message_read(struct unix_message *m, u32 at, struct iobuf *to, u32 n)
{
    int err = 0;
    u32 part;

    for (u32 end = at + n; !err && at < end; at += part) {
        const u8 *from = bytes_at(m, at, &part);
        part = MIN(part, end - at);
        err = iobuf_write(to, from, part);
    }
    return err;
}

/* --- the queue ------------------------------------------------------------------------------- */

static struct unix_message *message_at(struct unix_socket *s, struct list *link)
{
    return link == &s->queue ? NULL : list_entry(link, struct unix_message, link);
}

struct unix_message *unix_queue_after(struct unix_socket *s, struct unix_message *m)
{
    irqflags_t flags = spin_lock(&s->lock);
    struct unix_message *next = message_at(s, m ? m->link.next : s->queue.next);

    spin_unlock(&s->lock, flags);
    return next;
}

void unix_queue_push(struct unix_socket *s, struct unix_message *m)
{
    list_push_back(&s->queue, &m->link);
    WRITE_ONCE(s->queued, s->queued + 1);
    WRITE_ONCE(s->bytes, s->bytes + m->len);
}

void unix_queue_read(struct unix_socket *s, struct unix_message *m, u32 n)
{
    irqflags_t flags = spin_lock(&s->lock);

    m->done += n;
    WRITE_ONCE(s->bytes, s->bytes - n);
    spin_unlock(&s->lock, flags);
}

void unix_queue_take(struct unix_socket *s, struct unix_message *m)
{
    irqflags_t flags = spin_lock(&s->lock);

    list_remove(&m->link);
    WRITE_ONCE(s->queued, s->queued - 1);
    WRITE_ONCE(s->bytes, s->bytes - (m->len - m->done));
    spin_unlock(&s->lock, flags);
}

void unix_queue_take_all(struct unix_socket *s, struct list *to)
{
    irqflags_t flags = spin_lock(&s->lock);

    list_splice_back(to, &s->queue);
    WRITE_ONCE(s->queued, 0);
    WRITE_ONCE(s->bytes, 0);
    spin_unlock(&s->lock, flags);
}
