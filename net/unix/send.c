/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: sending. A message is filled first, without any lock, and then put into the receiver's queue in one step, which
 * looks again whether it still may. Who sends waits for room: until less than SO_SNDBUF of its own is unread, and in a datagram
 * socket's queue, which others fill as well.
 */
#include "unix.h"

#include <base/atomic.h>
#include <kernel/cred.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/signal.h>
#include <lib/errno.h>
#include <lib/string.h>

#define CHUNK_MOST (32 * KiB) /* of a stream, in one message */
#define OVERHEAD   32u        /* of SO_SNDBUF, that a datagram cannot have */

/* What goes along with the bytes of one call. */
struct parcel {
    struct unix_rights *rights;
    struct linux_ucred cred;
};

/* --- control messages ------------------------------------------------------------------------ */

static bool is_own(const struct cred_ids *ids, u32 id)
{
    return id == ids->real || id == ids->effective || id == ids->saved;
}

/* Another's pid only a privileged process may claim, and other ids than its own. */
static int check_cred(const struct linux_ucred *claimed)
{
    const struct cred *own = current_cred();

    if (claimed->pid != current_pid() && !caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    if (!is_own(&own->user, claimed->uid) && !caps_have(CAP_SETUID))
        return -EPERM;
    return !is_own(&own->group, claimed->gid) && !caps_have(CAP_SETGID) ? -EPERM : 0;
}

/* Bytes behind the last whole number do not count, as on Linux. */
static int take_rights(struct parcel *parcel, const u8 *data, size_t len)
{
    return unix_rights_add(&parcel->rights, (const s32 *)(const void *)data,
                           (unsigned)(len / sizeof(s32)));
}

static int take_cred(struct parcel *parcel, const u8 *data, size_t len)
{
    if (len != sizeof(parcel->cred))
        return -EINVAL;
    memcpy(&parcel->cred, data, len);
    int err = check_cred(&parcel->cred);
    parcel->cred.pid = pid_of_seen(parcel->cred.pid);
    return err ? err : parcel->cred.pid > 0 ? 0 : -ESRCH;
}

static int take_control(struct parcel *parcel, const struct control_in *control)
{
    struct linux_cmsghdr head;
    const u8 *data;
    size_t pos = 0, len;
    int rc = 0, err = 0;

    while (!err && (rc = control_next(control, &pos, &head, &data, &len)) > 0) {
        if (head.cmsg_level != SOL_SOCKET)
            continue;
        if (head.cmsg_type == SCM_RIGHTS)
            err = take_rights(parcel, data, len);
        else
            err = head.cmsg_type == SCM_CREDENTIALS ? take_cred(parcel, data, len) : -EINVAL;
    }
    return err ? err : rc;
}

/* --- messages -------------------------------------------------------------------------------- */

static void drop(struct unix_message *m)
{
    struct list list = LIST_INIT(list);

    list_init(&m->link);
    list_push_back(&list, &m->link);
    unix_messages_discard(&list);
}

static bool may_send_more(const struct unix_socket *s)
{
    return unix_may_charge(s) || READ_ONCE(s->shut) & SHUT_SEND;
}

/* Waits until a message may be charged to `s`. */
static int wait_charge(struct unix_socket *s, bool nonblock, u64 deadline)
{
    if (!may_send_more(s)) {
        if (nonblock)
            return -EAGAIN;
        int rc = wait_event_until(&s->can_write, may_send_more(s), deadline, true);
        if (rc)
            return socket_wait_result(rc, READ_ONCE(s->socket.send_timeout));
    }
    return READ_ONCE(s->shut) & SHUT_SEND ? -EPIPE : 0;
}

/* A message of the next `len` bytes, with what goes along. Rights go with the first one. */
static int make_message(struct unix_socket *s, struct socket_message *call, size_t len,
                        struct parcel *parcel, struct unix_message **out)
{
    struct unix_message *m = unix_message_make(s, len);

    if (!m)
        return -ENOBUFS;
    int err = unix_message_fill(m, call->data);
    if (err) {
        drop(m);
        return err;
    }
    m->cred = parcel->cred;
    m->rights = parcel->rights;
    parcel->rights = NULL;
    if (m->rights)
        unix_rights_send(m->rights);
    *out = m;
    return 0;
}

/* --- streams --------------------------------------------------------------------------------- */

static int put_chunk(struct unix_socket *peer, struct unix_message *m)
{
    irqflags_t flags = spin_lock(&peer->lock);
    bool open = peer->state != UNIX_CLOSED && !(peer->shut & SHUT_RECEIVE);

    if (open)
        unix_queue_push(peer, m);
    spin_unlock(&peer->lock, flags);
    if (open)
        wake_all(&peer->can_read);
    else
        drop(m);
    return open ? 0 : -EPIPE;
}

/* One message's worth. Bytes or an error. */
static ssize_t send_chunk(struct unix_socket *s, struct unix_socket *peer,
                          struct socket_message *call, struct parcel *parcel, u64 deadline)
{
    size_t len = MIN(MIN(call->data->left, CHUNK_MOST), (size_t)s->socket.send_buffer / 2);
    struct unix_message *m;
    int err = wait_charge(s, call->flags & MSG_DONTWAIT, deadline);

    if (!err)
        err = make_message(s, call, len, parcel, &m);
    if (!err)
        err = put_chunk(peer, m);
    return err ? err : (ssize_t)len;
}

static ssize_t send_stream(struct unix_socket *s, struct socket_message *call,
                           struct parcel *parcel)
{
    struct unix_socket *peer = unix_stream_peer(s);
    u64 deadline = socket_deadline(READ_ONCE(s->socket.send_timeout));
    size_t done = 0;
    ssize_t n = 0;

    if (call->address && call->address->len)
        return peer ? -EISCONN : -EOPNOTSUPP;
    if (!peer)
        return -ENOTCONN;
    if (READ_ONCE(s->shut) & SHUT_SEND)
        n = -EPIPE;
    while (n >= 0 && call->data->left) {
        n = send_chunk(s, peer, call, parcel, deadline);
        done += (size_t)MAX(n, 0);
    }
    if (n == -EPIPE && !done && !(call->flags & MSG_NOSIGNAL))
        sig_send_thread(current_thread(), SIGPIPE, NULL);
    return done ? (ssize_t)done : n;
}

/* --- datagrams and packets ------------------------------------------------------------------- */

/* Whether a datagram of `from` has to wait. Only its own peer may put more into a socket. */
static bool is_full(const struct unix_socket *to, const struct unix_socket *from)
{
    return READ_ONCE(to->queued) > UNIX_QUEUE_MOST && READ_ONCE(to->peer) != from && to != from;
}

/* -ECONNREFUSED: it is closed; -EPERM, -EPIPE; -EAGAIN: its queue is full. */
static int put_datagram(struct unix_socket *to, struct unix_message *m)
{
    irqflags_t flags = spin_lock(&to->lock);
    int err = 0;

    if (to->state == UNIX_CLOSED)
        err = unix_is_datagram(to) ? -ECONNREFUSED : -EPIPE;
    else if (unix_is_datagram(to) && !unix_lets_send(to, m->sender))
        err = -EPERM;
    else if (to->shut & SHUT_RECEIVE)
        err = -EPIPE;
    else if (is_full(to, m->sender))
        err = -EAGAIN;
    else
        unix_queue_push(to, m);
    spin_unlock(&to->lock, flags);
    if (!err)
        wake_all(&to->can_read);
    return err;
}

static bool has_room(const struct unix_socket *to, const struct unix_socket *from)
{
    return !is_full(to, from) || READ_ONCE(to->state) == UNIX_CLOSED ||
           READ_ONCE(to->shut) & SHUT_RECEIVE;
}

/* Puts the message, or frees it. */
static int deliver(struct unix_socket *s, struct unix_socket *to, struct unix_message *m,
                   bool nonblock, u64 deadline)
{
    int err;

    while ((err = put_datagram(to, m)) == -EAGAIN && !nonblock) {
        int rc = wait_event_until(&to->room, has_room(to, s), deadline, true);
        if (rc) {
            err = socket_wait_result(rc, READ_ONCE(s->socket.send_timeout));
            break;
        }
    }
    if (err)
        drop(m);
    return err;
}

/* A connection to a datagram socket that is closed is none any more. */
static void forget_peer(struct unix_socket *s, const struct unix_socket *peer)
{
    mutex_lock(&s->setup);
    unix_disconnect(s, peer);
    mutex_unlock(&s->setup);
}

/* Who the message is for, referenced. */
static int find_receiver(struct unix_socket *s, const struct socket_message *call,
                         struct unix_socket **out)
{
    if (unix_is_datagram(s) && call->address && call->address->len)
        return unix_find(s, call->address, out);
    *out = unix_peer_get(s);
    return *out ? 0 : -ENOTCONN;
}

/* A sender without a name that wants credentials passed has to have one. */
static int name_sender(struct unix_socket *s)
{
    if (!socket_option(&s->socket, SO_PASSCRED) || unix_name_of(s) || !unix_is_datagram(s))
        return 0;
    mutex_lock(&s->setup);
    int err = unix_autobind(s);
    mutex_unlock(&s->setup);
    return err;
}

static ssize_t send_datagram(struct unix_socket *s, struct socket_message *call,
                             struct parcel *parcel)
{
    u64 deadline = socket_deadline(READ_ONCE(s->socket.send_timeout));
    bool nonblock = call->flags & MSG_DONTWAIT;
    size_t len = call->data->left;
    struct unix_message *m;
    struct unix_socket *to;
    int err = socket_take_error(&s->socket);

    if (!err)
        err = name_sender(s);
    if (!err)
        err = find_receiver(s, call, &to);
    if (err)
        return err;
    err = len > READ_ONCE(s->socket.send_buffer) - OVERHEAD ? -EMSGSIZE : 0;
    if (!err)
        err = wait_charge(s, nonblock, deadline);
    if (!err)
        err = make_message(s, call, len, parcel, &m);
    if (!err)
        err = deliver(s, to, m, nonblock, deadline);
    if (err == -ECONNREFUSED)
        forget_peer(s, to);
    unix_put(to);
    return err ? err : (ssize_t)len;
}

/* --- both ------------------------------------------------------------------------------------ */

ssize_t unix_send(struct socket *socket, struct socket_message *call)
{
    struct unix_socket *s = unix_of(socket);
    struct parcel parcel = {.cred = unix_current_cred()};

    if (call->flags & MSG_OOB)
        return -EOPNOTSUPP;
    ssize_t n = call->control ? take_control(&parcel, call->control) : 0;
    if (!n && parcel.rights)
        unix_collect(); /* what others have left behind, before there is more of it */
    if (!n)
        n = socket->type == SOCK_STREAM ? send_stream(s, call, &parcel)
                                        : send_datagram(s, call, &parcel);
    if (parcel.rights)
        unix_rights_free(parcel.rights);
    return n;
}
