/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: the family, and what its sockets are asked beside moving bytes. No locks but the socket's own, for a look at its
 * peer.
 */
#include "unix.h"

#include <abi/linux/poll.h>
#include <base/init.h>
#include <fs/poll.h>
#include <kernel/namespace.h>
#include <kernel/pid_ns.h>
#include <lib/errno.h>
#include <lib/fmt.h>
#include <mm/usercopy.h>

/* --- poll ------------------------------------------------------------------------------------ */

/* Whether a connected datagram socket would have to wait for its peer. */
static bool peer_is_full(struct unix_socket *s)
{
    irqflags_t flags = spin_lock(&s->lock);
    const struct unix_socket *peer = s->peer;
    bool full = peer && peer != s && READ_ONCE(peer->peer) != s &&
                READ_ONCE(peer->queued) > UNIX_QUEUE_MOST;

    spin_unlock(&s->lock, flags);
    return full;
}

static bool is_writable(struct unix_socket *s)
{
    if (READ_ONCE(s->state) == UNIX_LISTENING || !unix_writable(s))
        return false;
    return !unix_is_datagram(s) || !peer_is_full(s);
}

static u32 end_events(const struct unix_socket *s)
{
    unsigned shut = READ_ONCE(s->shut);
    u32 events = READ_ONCE(s->socket.error) ? POLLERR : 0;

    if (shut == SHUT_BOTH)
        events |= POLLHUP;
    if (shut & SHUT_RECEIVE)
        events |= POLLRDHUP | POLLIN | POLLRDNORM;
    /* A socket for connections that has none, nor waits for any. */
    if (!unix_is_datagram(s) && READ_ONCE(s->state) == UNIX_FRESH)
        events |= POLLHUP;
    return events;
}

static u32 unix_poll(struct socket *socket, struct poll_table *table)
{
    struct unix_socket *s = unix_of(socket);

    poll_on(table, &s->can_read);
    poll_on(table, &s->can_write);
    u32 events = end_events(s);
    if (READ_ONCE(s->queued) || READ_ONCE(s->arrived))
        events |= POLLIN | POLLRDNORM;
    if (is_writable(s))
        events |= POLLOUT | POLLWRNORM | POLLWRBAND;
    return events;
}

/* --- questions ------------------------------------------------------------------------------- */

/* Bytes that are there: of datagrams those of the first one. */
static u32 bytes_to_read(struct unix_socket *s)
{
    if (!unix_is_datagram(s))
        return READ_ONCE(s->bytes);
    mutex_lock(&s->reading);
    const struct unix_message *m = unix_queue_after(s, NULL);
    u32 n = m ? m->len : 0;
    mutex_unlock(&s->reading);
    return n;
}

static long unix_ioctl(struct socket *socket, unsigned cmd, vaddr_t arg)
{
    struct unix_socket *s = unix_of(socket);
    s32 n;

    if (cmd != SIOCINQ && cmd != SIOCOUTQ)
        return -ENOTTY;
    if (cmd == SIOCINQ && READ_ONCE(s->state) == UNIX_LISTENING)
        return -EINVAL;
    n = cmd == SIOCINQ ? (s32)bytes_to_read(s) : (s32)READ_ONCE(s->charged);
    return copyout_obj(arg, &n);
}

static bool unix_listening(struct socket *socket)
{
    return READ_ONCE(unix_of(socket)->state) == UNIX_LISTENING;
}

static struct linux_ucred unix_peer_cred(struct socket *socket)
{
    struct unix_socket *s = unix_of(socket);
    irqflags_t flags = spin_lock(&s->lock);
    struct linux_ucred cred = s->peer_cred;

    spin_unlock(&s->lock, flags);
    cred.pid = cred.pid ? pid_seen(cred.pid) : 0;
    return cred;
}

/* A socket without a name has an address of its family alone. */
static int unix_name(struct socket *socket, bool peer, struct socket_address *out)
{
    struct unix_socket *s = peer ? unix_peer_get(unix_of(socket)) : unix_get(unix_of(socket));

    if (!s)
        return -ENOTCONN;
    *out = (struct socket_address){.len = sizeof(out->family), .family = AF_UNIX};
    if (unix_name_of(s))
        *out = unix_name_of(s)->address;
    unix_put(s);
    return 0;
}

/* How many files wait in messages. */
static unsigned files_queued(struct unix_socket *s)
{
    const struct unix_message *m;
    unsigned n = 0;
    irqflags_t flags = spin_lock(&s->lock);

    list_for_each_entry (m, &s->queue, link)
        n += m->rights ? m->rights->count : 0;
    spin_unlock(&s->lock, flags);
    return n;
}

static void unix_show_info(struct socket *socket, struct fmt_sink *sink)
{
    fmt_print(sink, "scm_fds: %u\n", files_queued(unix_of(socket)));
}

static void unix_room_changed(struct socket *socket)
{
    wake_all(&unix_of(socket)->can_write);
}

/* --- the family ------------------------------------------------------------------------------ */

static u64 unix_unread(struct socket *socket)
{
    return atomic_load_relaxed(&unix_of(socket)->charged);
}

static const struct socket_ops unix_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .accept_undo = unix_accept_undo,
    .pair = unix_pair,
    .shutdown = unix_shutdown,
    .name = unix_name,
    .send = unix_send,
    .receive = unix_receive,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .listening = unix_listening,
    .peer_cred = unix_peer_cred,
    .show_info = unix_show_info,
    .room_changed = unix_room_changed,
    .unread = unix_unread,
    .close = unix_close,
    .free = unix_free,
};

static int unix_create(int type, int protocol, struct socket **out)
{
    struct unix_socket *s;

    if (protocol && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    if (type == SOCK_RAW)
        type = SOCK_DGRAM;
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
        return -ESOCKTNOSUPPORT;
    unix_collect(); /* what others have left behind */
    s = unix_make(&unix_ops, (unsigned)type);
    if (!s)
        return -ENOMEM;
    *out = &s->socket;
    return 0;
}

/* A network namespace keeps nothing: sockets and their names point at it. */
static int make_net(struct ns *ns, const struct ns *from)
{
    (void)ns;
    (void)from;
    return 0;
}

static void free_net(struct ns *ns)
{
    (void)ns;
}

static void unix_init(void)
{
    static const struct ns_part part = {.name = "unix", .make = make_net, .free = free_net};
    static const struct socket_family family = {.family = AF_UNIX, .create = unix_create};

    socket_family_register(&family);
    ns_part_register(NS_NET, NS_NET_UNIX, &part, NULL);
    unix_proc_init();
}
INITCALL(INIT_FS, unix_init);
