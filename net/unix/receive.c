/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: receiving. One reader at a time looks at the first message, under the mutex `reading`, and takes it out of the
 * queue when it has all of it. What is left of messages then is freed without the mutex: their files may be anything.
 */
#include "unix.h"

#include <base/atomic.h>
#include <kernel/pid_ns.h>
#include <lib/errno.h>

/* What one call has received beside bytes. */
struct parcel {
    struct unix_rights *rights;
    struct linux_ucred cred;
    struct unix_name *name; /* referenced */
    bool any;
    bool no_memory;      /* a copy of the rights could not be had */
    struct list emptied; /* messages to be freed */
};

static bool may_receive(const struct unix_socket *s)
{
    return READ_ONCE(s->queued) || READ_ONCE(s->shut) & SHUT_RECEIVE || READ_ONCE(s->socket.error);
}

/* What an empty queue says: 1 to wait, 0 for the end, or an error. */
static int nothing_there(struct unix_socket *s, bool nonblock)
{
    int err = socket_take_error(&s->socket);

    if (err)
        return err;
    if (READ_ONCE(s->shut) & SHUT_RECEIVE && !(unix_is_datagram(s) && nonblock))
        return 0;
    return nonblock ? -EAGAIN : 1;
}

/*
 * Waits for a message: 1 with `reading` held and *m the first one; 0: there will be none; an error. What came before
 * the end is received before the end, so the queue is looked at again behind it.
 */
static int begin_reading(struct unix_socket *s, bool nonblock, u64 deadline,
                         struct unix_message **m)
{
    for (;;) {
        mutex_lock(&s->reading);
        int rc = 1;
        *m = unix_queue_after(s, NULL);
        if (!*m)
            rc = nothing_there(s, nonblock);
        if (!*m && rc <= 0)
            *m = unix_queue_after(s, NULL);
        if (*m)
            return 1;
        mutex_unlock(&s->reading);
        if (rc <= 0)
            return rc;
        rc = wait_event_until(&s->can_read, may_receive(s), deadline, true);
        if (rc)
            return socket_wait_result(rc, READ_ONCE(s->socket.receive_timeout));
    }
}

/* --- what comes along ------------------------------------------------------------------------ */

/* Takes the files out of a message which may stay in the queue, where others count them under the lock. */
static struct unix_rights *take_rights(struct unix_socket *s, struct unix_message *m)
{
    irqflags_t flags = spin_lock(&s->lock);
    struct unix_rights *rights = m->rights;

    m->rights = NULL;
    spin_unlock(&s->lock, flags);
    return rights;
}

/* Notes whom the message is from, and takes its files, or copies of them. */
static void take_parcel(struct unix_socket *s, struct parcel *parcel, struct unix_message *m,
                        bool peek)
{
    if (!parcel->any) {
        parcel->cred = m->cred;
        parcel->name = m->name ? unix_name_get(m->name) : NULL;
    }
    parcel->any = true;
    if (!m->rights)
        return;
    parcel->rights = peek ? unix_rights_copy(m->rights) : take_rights(s, m);
    parcel->no_memory = !parcel->rights;
}

/* Puts address and control messages where the caller wants them. */
static void deliver_parcel(struct unix_socket *s, struct socket_message *call,
                           struct parcel *parcel)
{
    struct control_out none = {.left = 0};
    struct control_out *out = call->control_wanted ? call->control_wanted : &none;

    if (call->address && parcel->name)
        *call->address = parcel->name->address;
    parcel->cred.pid = pid_seen(parcel->cred.pid);
    if (socket_option(&s->socket, SO_PASSCRED))
        control_put(out, SCM_CREDENTIALS, &parcel->cred, sizeof(parcel->cred));
    if (parcel->rights) {
        unix_rights_receive(parcel->rights);
        control_put_files(out, parcel->rights->file, parcel->rights->count);
    }
    if (out->cut || parcel->no_memory)
        call->result |= MSG_CTRUNC;
}

static void drop_parcel(struct parcel *parcel)
{
    if (parcel->rights)
        unix_rights_free(parcel->rights);
    unix_name_put(parcel->name);
    unix_messages_discard(&parcel->emptied);
}

/* --- streams --------------------------------------------------------------------------------- */

static bool same_cred(const struct linux_ucred *a, const struct linux_ucred *b)
{
    return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* Bytes of one message. */
static ssize_t read_message(struct unix_socket *s, struct unix_message *m,
                            struct socket_message *call, struct parcel *parcel)
{
    bool peek = call->flags & MSG_PEEK;
    u32 n = (u32)MIN((size_t)(m->len - m->done), call->data->left);
    int err = unix_message_read(m, m->done, call->data, n);

    if (err)
        return err;
    take_parcel(s, parcel, m, peek);
    if (peek)
        return n;
    unix_queue_read(s, m, n);
    if (m->done == m->len) {
        unix_queue_take(s, m);
        list_push_back(&parcel->emptied, &m->link);
    }
    return n;
}

/* Bytes of the messages that are there. Files, and another sender's words if that is asked for, end a read. */
static ssize_t read_messages(struct unix_socket *s, struct unix_message *m,
                             struct socket_message *call, struct parcel *parcel)
{
    bool peek = call->flags & MSG_PEEK, tell = socket_option(&s->socket, SO_PASSCRED);
    struct unix_message *peeked = NULL;
    size_t done = 0;
    ssize_t n = 0;

    while (m && call->data->left && !parcel->rights) {
        if (parcel->any && tell && !same_cred(&parcel->cred, &m->cred))
            break;
        n = read_message(s, m, call, parcel);
        if (n < 0)
            break;
        done += (size_t)n;
        peeked = peek ? m : NULL;
        m = unix_queue_after(s, peeked);
    }
    return done ? (ssize_t)done : n;
}

/* How many bytes a read waits for. */
static size_t least(const struct unix_socket *s, const struct socket_message *call)
{
    size_t low = call->flags & MSG_WAITALL ? call->data->left : (size_t)s->socket.low_water;

    return MAX(MIN(low, call->data->left), 1ul);
}

static ssize_t receive_stream(struct unix_socket *s, struct socket_message *call,
                              struct parcel *parcel)
{
    u64 deadline = socket_deadline(READ_ONCE(s->socket.receive_timeout));
    size_t done = 0, target = least(s, call);
    struct unix_message *m;
    ssize_t n;

    if (READ_ONCE(s->state) != UNIX_CONNECTED)
        return -EINVAL;
    do {
        n = begin_reading(s, call->flags & MSG_DONTWAIT, deadline, &m);
        if (n <= 0)
            break;
        n = read_messages(s, m, call, parcel);
        mutex_unlock(&s->reading);
        done += (size_t)MAX(n, 0);
        unix_messages_discard(&parcel->emptied); /* the sender may wait for them to be gone */
    } while (n > 0 && done < target && !(call->flags & MSG_PEEK) && !parcel->rights);
    return done ? (ssize_t)done : n;
}

/* --- datagrams and packets ------------------------------------------------------------------- */

/* A place in the queue is free: who waits for one, here or for the connected socket to be writable. */
static void wake_senders(struct unix_socket *s)
{
    struct unix_socket *client;

    wake_all(&s->room);
    irqflags_t flags = spin_lock(&s->lock);
    list_for_each_entry (client, &s->clients, client_link)
        wake_all(&client->can_write);
    spin_unlock(&s->lock, flags);
}

static ssize_t read_datagram(struct unix_socket *s, struct unix_message *m,
                             struct socket_message *call, struct parcel *parcel)
{
    u32 n = (u32)MIN((size_t)m->len, call->data->left);
    int err = unix_message_read(m, 0, call->data, n);

    if (err)
        return err;
    take_parcel(s, parcel, m, call->flags & MSG_PEEK);
    if (n < m->len)
        call->result |= MSG_TRUNC;
    return call->flags & MSG_TRUNC ? m->len : n;
}

static ssize_t receive_datagram(struct unix_socket *s, struct socket_message *call,
                                struct parcel *parcel)
{
    u64 deadline = socket_deadline(READ_ONCE(s->socket.receive_timeout));
    bool was_full = false, peek = call->flags & MSG_PEEK;
    struct unix_message *m;

    if (!unix_is_datagram(s) && READ_ONCE(s->state) != UNIX_CONNECTED)
        return -ENOTCONN;
    ssize_t n = begin_reading(s, call->flags & MSG_DONTWAIT, deadline, &m);
    if (n <= 0)
        return n;
    if (peek) {
        n = read_datagram(s, m, call, parcel);
    } else {
        was_full = s->queued > UNIX_QUEUE_MOST;
        unix_queue_take(s, m);
        list_push_back(&parcel->emptied, &m->link);
    }
    mutex_unlock(&s->reading);
    if (!peek)
        n = read_datagram(s, m, call, parcel);
    if (was_full)
        wake_senders(s);
    return n;
}

/* --- both ------------------------------------------------------------------------------------ */

ssize_t unix_receive(struct socket *socket, struct socket_message *call)
{
    struct unix_socket *s = unix_of(socket);
    struct parcel parcel = {.emptied = LIST_INIT(parcel.emptied)};
    ssize_t n;

    if (call->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (call->address)
        call->address->len = 0;
    n = socket->type == SOCK_STREAM ? receive_stream(s, call, &parcel)
                                    : receive_datagram(s, call, &parcel);
    if (n >= 0 && parcel.any)
        deliver_parcel(s, call, &parcel);
    drop_parcel(&parcel);
    return n;
}
