/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: connections. connect makes the socket at the other end as well, and puts it among the listener's arrivals,
 * where accept takes it from: so a connection is there, and can be written to, before anybody accepts it.
 *
 * Locks as in unix.h. The two ends point at each other one after the other: first the new one, which nobody knows yet, at
 * the caller's, then it arrives, then the caller's at it. Who accepts faster than that already may send, and may close.
 */
#include "unix.h"

#include <base/atomic.h>
#include <lib/errno.h>

/* --- listening ------------------------------------------------------------------------------- */

int unix_listen(struct socket *socket, unsigned backlog)
{
    struct unix_socket *s = unix_of(socket);
    int err = 0;

    if (unix_is_datagram(s))
        return -EOPNOTSUPP;
    mutex_lock(&s->setup);
    irqflags_t flags = spin_lock(&s->lock);
    if (!s->name || (s->state != UNIX_FRESH && s->state != UNIX_LISTENING)) {
        err = -EINVAL;
    } else {
        s->state = UNIX_LISTENING;
        s->backlog = MIN(backlog, (unsigned)SOMAXCONN);
        s->cred = unix_current_cred();
        s->peer_cred = s->cred;
    }
    spin_unlock(&s->lock, flags);
    mutex_unlock(&s->setup);
    wake_all(&s->room);
    return err;
}

/* 0, -EINVAL: it does not listen; -EAGAIN: nobody is there. */
static int take_arrival(struct unix_socket *s, struct unix_socket **out)
{
    irqflags_t flags = spin_lock(&s->lock);
    bool open = s->state == UNIX_LISTENING && !(s->shut & SHUT_RECEIVE);
    struct list *link = open ? list_pop_front(&s->arrivals) : NULL;

    if (link)
        WRITE_ONCE(s->arrived, s->arrived - 1);
    spin_unlock(&s->lock, flags);
    if (!link)
        return open ? -EAGAIN : -EINVAL;
    *out = list_entry(link, struct unix_socket, arrival_link);
    wake_all(&s->room);
    return 0;
}

static bool may_accept(const struct unix_socket *s)
{
    return READ_ONCE(s->arrived) || READ_ONCE(s->state) != UNIX_LISTENING ||
           READ_ONCE(s->shut) & SHUT_RECEIVE;
}

int unix_accept(struct socket *socket, bool nonblock, struct socket **out)
{
    struct unix_socket *s = unix_of(socket), *n;
    u64 timeout = READ_ONCE(socket->receive_timeout);
    u64 deadline = socket_deadline(timeout);
    int err;

    if (unix_is_datagram(s))
        return -EOPNOTSUPP;
    while ((err = take_arrival(s, &n)) == -EAGAIN && !nonblock) {
        int rc = wait_event_until(&s->can_read, may_accept(s), deadline, true);
        if (rc)
            return socket_wait_result(rc, timeout);
    }
    if (!err)
        *out = &n->socket;
    return err;
}

void unix_accept_undo(struct socket *socket, struct socket *taken)
{
    struct unix_socket *s = unix_of(socket);
    irqflags_t flags = spin_lock(&s->lock);

    list_push_front(&s->arrivals, &unix_of(taken)->arrival_link);
    WRITE_ONCE(s->arrived, s->arrived + 1);
    spin_unlock(&s->lock, flags);
    wake_all(&s->can_read);
}

/* --- connecting streams ---------------------------------------------------------------------- */

static bool is_full(const struct unix_socket *listener)
{
    return READ_ONCE(listener->arrived) > READ_ONCE(listener->backlog);
}

static bool listens(const struct unix_socket *s)
{
    return READ_ONCE(s->state) == UNIX_LISTENING && !(READ_ONCE(s->shut) & SHUT_RECEIVE);
}

/* Puts `n` among the arrivals. -ECONNREFUSED, -EAGAIN: too many are there. */
static int arrive(struct unix_socket *listener, struct unix_socket *n)
{
    irqflags_t flags = spin_lock(&listener->lock);
    int err = !listens(listener) ? -ECONNREFUSED : is_full(listener) ? -EAGAIN : 0;

    if (!err) {
        list_push_back(&listener->arrivals, &unix_get(n)->arrival_link);
        WRITE_ONCE(listener->arrived, listener->arrived + 1);
    }
    spin_unlock(&listener->lock, flags);
    return err;
}

/* The caller's end becomes connected; takes over the reference on the peer. */
static void set_peer(struct unix_socket *s, struct unix_socket *peer,
                     const struct linux_ucred *cred)
{
    irqflags_t flags = spin_lock(&s->lock);

    s->peer_cred = *cred;
    s->state = UNIX_CONNECTED;
    atomic_store_release(&s->peer, peer);
    spin_unlock(&s->lock, flags);
    wake_all(&s->can_write); /* poll said that it was hung up */
}

/* The other end of a connection of `s` to `listener`. NULL: no memory. */
static struct unix_socket *make_end(struct unix_socket *s, struct unix_socket *listener)
{
    struct unix_socket *n = unix_make(s->socket.ops, s->socket.type);

    if (!n)
        return NULL;
    n->state = UNIX_CONNECTED;
    n->peer = unix_get(s);
    n->peer_cred = unix_current_cred();
    n->name = unix_name_get(unix_name_of(listener));
    return n;
}

static int connect_to(struct unix_socket *s, struct unix_socket *listener)
{
    int err = listens(listener) ? 0 : -ECONNREFUSED;
    struct unix_socket *n = err ? NULL : make_end(s, listener);

    if (!n)
        return err ? err : -ENOMEM;
    err = arrive(listener, n);
    if (err) {
        unix_put(n);
        return err;
    }
    set_peer(s, n, &listener->cred);
    wake_all(&listener->can_read);
    return 0;
}

/* The part of connect that is one at a time. With -EAGAIN *listener is referenced. */
static int try_connect(struct unix_socket *s, const struct socket_address *address,
                       struct unix_socket **listener)
{
    int err = 0;

    if (s->state != UNIX_FRESH)
        return s->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
    if (socket_option(&s->socket, SO_PASSCRED) && !s->name)
        err = unix_autobind(s);
    if (!err)
        err = unix_find(s, address, listener);
    if (err)
        return err;
    err = connect_to(s, *listener);
    if (err != -EAGAIN)
        unix_put(*listener);
    return err;
}

static int connect_stream(struct unix_socket *s, const struct socket_address *address,
                          bool nonblock)
{
    u64 timeout = READ_ONCE(s->socket.send_timeout);
    u64 deadline = socket_deadline(timeout);
    struct unix_socket *listener;
    int err, rc = 0;

    for (;;) {
        mutex_lock(&s->setup);
        err = try_connect(s, address, &listener);
        mutex_unlock(&s->setup);
        if (err != -EAGAIN)
            return err;
        if (!nonblock)
            rc = wait_event_until(&listener->room, !is_full(listener) || !listens(listener),
                                  deadline, true);
        unix_put(listener);
        if (nonblock || rc)
            return rc ? socket_wait_result(rc, timeout) : -EAGAIN;
    }
}

/* --- connecting datagram sockets ------------------------------------------------------------- */

bool unix_lets_send(const struct unix_socket *to, const struct unix_socket *from)
{
    return !to->peer || to->peer == from;
}

void unix_disconnect(struct unix_socket *s, const struct unix_socket *only)
{
    irqflags_t flags = spin_lock(&s->lock);
    struct unix_socket *peer = only && s->peer != only ? NULL : s->peer;

    if (peer) {
        s->peer = NULL;
        s->state = s->state == UNIX_CLOSED ? UNIX_CLOSED : UNIX_FRESH;
    }
    spin_unlock(&s->lock, flags);
    if (!peer)
        return;
    flags = spin_lock(&peer->lock);
    list_remove(&s->client_link);
    spin_unlock(&peer->lock, flags);
    unix_put(peer);
    wake_all(&s->can_write);
}

/* `s`, which has no peer, gets one. -EPERM, -ECONNREFUSED. Under s's `setup`. */
static int attach(struct unix_socket *s, struct unix_socket *peer)
{
    struct linux_ucred cred = unix_current_cred();
    irqflags_t flags = spin_lock(&peer->lock);
    int err = peer->state == UNIX_CLOSED ? -ECONNREFUSED : !unix_lets_send(peer, s) ? -EPERM : 0;

    if (!err)
        list_push_back(&peer->clients, &s->client_link);
    spin_unlock(&peer->lock, flags);
    if (!err)
        set_peer(s, unix_get(peer), &cred);
    return err;
}

static int connect_datagram(struct unix_socket *s, const struct socket_address *address)
{
    struct unix_socket *peer;

    if (address->family == AF_UNSPEC) {
        unix_disconnect(s, NULL);
        return 0;
    }
    int err = socket_option(&s->socket, SO_PASSCRED) && !s->name ? unix_autobind(s) : 0;
    if (!err)
        err = unix_find(s, address, &peer);
    if (err)
        return err;
    unix_disconnect(s, NULL);
    err = attach(s, peer);
    unix_put(peer);
    return err;
}

int unix_connect(struct socket *socket, const struct socket_address *address, bool nonblock)
{
    struct unix_socket *s = unix_of(socket);

    if (address->len < sizeof(address->family))
        return -EINVAL;
    if (!unix_is_datagram(s))
        return connect_stream(s, address, nonblock);
    mutex_lock(&s->setup);
    int err = connect_datagram(s, address);
    mutex_unlock(&s->setup);
    return err;
}

/* --- pairs ----------------------------------------------------------------------------------- */

int unix_pair(struct socket *a, struct socket *b)
{
    struct linux_ucred cred = unix_current_cred();
    struct unix_socket *s = unix_of(a), *t = unix_of(b);

    if (unix_is_datagram(s)) {
        list_push_back(&t->clients, &s->client_link);
        list_push_back(&s->clients, &t->client_link);
    }
    set_peer(s, unix_get(t), &cred);
    set_peer(t, unix_get(s), &cred);
    return 0;
}
