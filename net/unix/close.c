/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX: shutdown, and the end of a socket as others see it. Locks as in unix.h: of one socket after the other. */
#include "unix.h"

#include <base/atomic.h>
#include <lib/errno.h>

static void wake_everybody(struct unix_socket *s)
{
    wake_all(&s->can_read);
    wake_all(&s->can_write);
    wake_all(&s->room);
}

static void shut(struct unix_socket *s, unsigned directions, int error)
{
    irqflags_t flags = spin_lock(&s->lock);

    WRITE_ONCE(s->shut, s->shut | directions);
    if (error)
        WRITE_ONCE(s->socket.error, error);
    spin_unlock(&s->lock, flags);
    wake_everybody(s);
}

/* What is shut at one end of a connection is shut the other way round at the other. */
static unsigned mirrored(unsigned directions)
{
    return (directions & SHUT_RECEIVE ? SHUT_SEND : 0) |
           (directions & SHUT_SEND ? SHUT_RECEIVE : 0);
}

int unix_shutdown(struct socket *socket, int how)
{
    struct unix_socket *s = unix_of(socket);
    unsigned directions = (unsigned)how + 1;
    struct unix_socket *peer = unix_is_datagram(s) ? NULL : unix_stream_peer(s);

    if (how < SHUT_RD || how > SHUT_RDWR)
        return -EINVAL;
    shut(s, directions, 0);
    if (peer)
        shut(peer, mirrored(directions), 0);
    return 0;
}

static void close_socket(struct unix_socket *s, bool accepted, struct list *messages);

/* Connections that nobody has accepted end with their listener. */
static void close_arrivals(struct list *arrivals, struct list *messages)
{
    struct list *link;

    while ((link = list_pop_front(arrivals))) {
        struct unix_socket *n = list_entry(link, struct unix_socket, arrival_link);
        close_socket(n, false, messages);
        unix_put(n);
    }
}

/* Datagram sockets that are connected to it: their next message is refused. They leave the list by themselves. */
static void wake_clients(struct unix_socket *s)
{
    struct unix_socket *client;
    irqflags_t flags = spin_lock(&s->lock);

    list_for_each_entry (client, &s->clients, client_link)
        wake_all(&client->can_write);
    spin_unlock(&s->lock, flags);
}

/* The connection's other end; `lost` is an error if messages are. */
static void leave_peer(struct unix_socket *s, int lost)
{
    struct unix_socket *peer = s->peer;

    if (unix_is_datagram(s)) {
        unix_disconnect(s, NULL);
        return;
    }
    if (!peer)
        return;
    shut(peer, SHUT_BOTH, lost);
    s->peer = NULL;
    unix_put(peer);
}

/* Nobody calls for the socket any more: others may still send to it, until they see the state. */
static void close_socket(struct unix_socket *s, bool accepted, struct list *messages)
{
    struct list arrivals = LIST_INIT(arrivals);

    unix_names_close(s);
    irqflags_t flags = spin_lock(&s->lock);
    bool lost = !accepted || !list_empty(&s->queue);
    s->state = UNIX_CLOSED;
    s->shut = SHUT_BOTH;
    s->arrived = 0;
    list_splice_back(&arrivals, &s->arrivals);
    list_splice_back(messages, &s->queue);
    spin_unlock(&s->lock, flags);
    leave_peer(s, lost ? ECONNRESET : 0);
    wake_clients(s);
    wake_everybody(s);
    close_arrivals(&arrivals, messages);
}

void unix_close(struct socket *socket)
{
    struct list messages = LIST_INIT(messages);

    WRITE_ONCE(socket->file, NULL);
    close_socket(unix_of(socket), true, &messages);
    unix_messages_discard(&messages);
    unix_collect();
}
