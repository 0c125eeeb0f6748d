/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX: a socket's memory, and who its owner is. No locks: nobody else knows it at either end of its life. */
#include "unix.h"

#include <kernel/cred.h>
#include <kernel/namespace.h>
#include <kernel/process.h>
#include <mm/slab.h>

static SLAB_CACHE(socket_cache, "unix socket", sizeof(struct unix_socket), 8);

struct linux_ucred unix_current_cred(void)
{
    const struct cred *cred = current_cred();

    return (struct linux_ucred){.pid = process_pid(current_process()),
                                .uid = cred->user.effective,
                                .gid = cred->group.effective};
}

struct unix_socket *unix_make(const struct socket_ops *ops, unsigned type)
{
    struct unix_socket *s = slab_zalloc(&socket_cache);

    if (!s)
        return NULL;
    socket_init(&s->socket, ops, AF_UNIX, (u16)type);
    mutex_init(&s->setup, "unix setup");
    mutex_init(&s->reading, "unix reading");
    spin_init(&s->lock, "unix socket");
    wait_queue_init(&s->can_read, "unix read");
    wait_queue_init(&s->can_write, "unix write");
    wait_queue_init(&s->room, "unix room");
    list_init(&s->queue);
    list_init(&s->arrivals);
    list_init(&s->arrival_link);
    list_init(&s->clients);
    list_init(&s->client_link);
    list_init(&s->flight_link);
    list_init(&s->name_link);
    list_init(&s->all_link);
    s->peer_cred = (struct linux_ucred){.uid = ~0u, .gid = ~0u};
    s->net = ns_get(current_ns(NS_NET));
    unix_names_add(s);
    return s;
}

void unix_free(struct socket *socket)
{
    struct unix_socket *s = unix_of(socket);

    unix_names_remove(s);
    unix_put(s->peer); /* of one that was never closed, as nobody came to know it */
    unix_name_put(s->name);
    ns_put(s->net);
    slab_free(&socket_cache, s);
}
