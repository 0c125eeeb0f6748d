/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX, between the files of this folder.
 *
 * A socket that sends has a peer (connected) or names one; a message goes straight into the receiver's queue. The memory
 * of a message is held against its sender, up to SO_SNDBUF, until somebody has read it.
 *
 * A stream's or SEQPACKET's peer is set once and stays until the socket is closed, so its own calls may follow it
 * without a lock; it holds a reference, and a peer that is closed says so in its state. A datagram socket's peer may change
 * at any time, and is taken with a reference under the lock.
 *
 * Locks, outermost first:
 *   setup     mutex: bind, listen and connect of one socket, one at a time
 *   reading   mutex: who takes messages out of the queue; held over copies to the reader
 *   in flight mutex (net/unix/rights.c): sockets that travel in messages
 *   names     spinlock (net/unix/name.c): which socket has which name, the list of all
 *   lock      spinlock: the rest of one socket. Never of two at once.
 */
#pragma once

#include <base/mutex.h>
#include <base/spinlock.h>
#include <base/wait.h>
#include <lib/list.h>
#include <net/socket.h>

struct dentry;
struct ns;
struct unix_socket;

enum unix_state { UNIX_FRESH, UNIX_LISTENING, UNIX_CONNECTED, UNIX_CLOSED };

/* Directions that are shut down. */
#define SHUT_RECEIVE 1u
#define SHUT_SEND    2u
#define SHUT_BOTH    3u

/* Datagrams that wait at a socket for which nobody but its own peer may exceed that: net.unix.max_dgram_qlen. */
#define UNIX_QUEUE_MOST 10u

/* A name that a socket is bound to. Never changes; shared by the sockets that a listener has accepted. */
struct unix_name {
    u32 refs;
    struct dentry *dentry; /* where it is a path: its file, referenced */
    const struct ns *net;  /* where it is none: it means something there alone; the socket's */
    u16 type;              /* likewise: an abstract name is another one for each type */
    u64 hash;
    struct socket_address address;
};

struct unix_socket {
    struct socket socket;
    struct ns *net; /* its network namespace, referenced */
    struct mutex setup;
    struct mutex reading;
    struct spinlock lock;
    u8 state; /* enum unix_state */
    u8 shut;
    struct unix_socket *peer; /* referenced */
    struct unix_name *name;   /* set once, published */
    struct list queue;        /* struct unix_message */
    u32 queued;               /* messages there */
    u32 bytes;                /* and their bytes that are not read */
    u32 charged;              /* memory of messages sent and not read; atomic */
    struct list
        arrivals; /* listening: connected sockets that nobody has accepted, by arrival_link */
    struct list arrival_link;
    u32 arrived, backlog;
    struct list
        clients; /* datagram sockets connected to this one, by client_link; under this one's lock */
    struct list client_link;
    struct wait_queue can_read;  /* messages, arrivals, the end */
    struct wait_queue can_write; /* less is charged, or the end */
    struct wait_queue room;      /* of others who want to send or to connect here */
    struct linux_ucred cred;     /* of who listens */
    struct linux_ucred peer_cred;
    /* Under the mutex in flight. */
    u32 in_flight;           /* how often it is in messages that nobody has received */
    u32 unexplained;         /* for collect.c: of those, not in a suspect's queue */
    bool suspect;            /* likewise: nobody has it open */
    struct list flight_link; /* of those with in_flight */
    /* Under the lock of names. */
    struct list name_link;
    struct list all_link;
};

static inline struct unix_socket *unix_of(struct socket *s)
{
    return container_of(s, struct unix_socket, socket);
}

static inline bool unix_is_datagram(const struct unix_socket *s)
{
    return s->socket.type == SOCK_DGRAM;
}

static inline struct unix_socket *unix_get(struct unix_socket *s)
{
    socket_get(&s->socket);
    return s;
}

/* NULL is allowed. May sleep. */
static inline void unix_put(struct unix_socket *s)
{
    if (s)
        socket_put(&s->socket);
}

/* The peer with a reference, or NULL. */
static inline struct unix_socket *unix_peer_get(struct unix_socket *s)
{
    irqflags_t flags = spin_lock(&s->lock);
    struct unix_socket *peer = s->peer ? unix_get(s->peer) : NULL;

    spin_unlock(&s->lock, flags);
    return peer;
}

/* The peer of a socket that is connected for good (no datagrams), or NULL. Borrowed. */
static inline struct unix_socket *unix_stream_peer(struct unix_socket *s)
{
    return atomic_load_acquire(&s->peer);
}

/* Whether more may be charged to the socket; whether poll says that it may. */
static inline bool unix_may_charge(const struct unix_socket *s)
{
    return atomic_load_relaxed(&s->charged) < READ_ONCE(s->socket.send_buffer);
}

static inline bool unix_writable(const struct unix_socket *s)
{
    return atomic_load_relaxed(&s->charged) <= READ_ONCE(s->socket.send_buffer) / 4;
}

/* --- life (life.c) --- */

/* A socket of the type with one reference; NULL: no memory. */
struct unix_socket *unix_make(const struct socket_ops *ops, unsigned type);
void unix_free(struct socket *s);

/* The current process, for others; the pid is the kernel's own, to be shown by pid_seen(). */
struct linux_ucred unix_current_cred(void);

/* --- names (name.c) --- */

/* Linux's checks of an address: -EINVAL. Terminates a path. */
int unix_check_address(struct socket_address *address);

/* Binds: gives the socket the name, or one that nobody has. -EADDRINUSE, -EINVAL: has one; path errors; -ENOMEM. */
int unix_bind(struct socket *s, const struct socket_address *address);
/* A name for a socket that has none. Under `setup`. */
int unix_autobind(struct unix_socket *s);

/* Who is bound to the address that `s` means, with a reference: -ECONNREFUSED; -EPROTOTYPE: of another type; path errors. */
int unix_find(struct unix_socket *s, const struct socket_address *address,
              struct unix_socket **out);

/* The socket's name, or NULL. Good as long as the socket. */
static inline struct unix_name *unix_name_of(struct unix_socket *s)
{
    return atomic_load_acquire(&s->name);
}
struct unix_name *unix_name_get(struct unix_name *name);
void unix_name_put(struct unix_name *name); /* may sleep; NULL is allowed */

/* A new socket is in the list of all; a closed one's name finds it no more; a dead one is in no list. */
void unix_names_add(struct unix_socket *s);
void unix_names_close(struct unix_socket *s);
void unix_names_remove(struct unix_socket *s);

/* The next of all sockets after `s` (NULL: the first), referenced, or NULL; drops the reference of `s`. */
struct unix_socket *unix_next(struct unix_socket *s);

/* --- files in messages (rights.c) --- */

struct unix_rights {
    unsigned count;
    bool sent;           /* counted as in flight */
    struct file *file[]; /* referenced, or NULL: received */
};

/*
 * Takes the files with these descriptors into the array (*rights NULL: a new one), which is the caller's to free after errors
 * too. -EBADF; -EINVAL: more than SCM_MAX_FD in all; -ETOOMANYREFS, -ENOMEM.
 */
int unix_rights_add(struct unix_rights **rights, const s32 *fds, unsigned count);
/* They set out, are copied for MSG_PEEK, arrive, and end. All may sleep. */
void unix_rights_send(struct unix_rights *rights);
struct unix_rights *unix_rights_copy(const struct unix_rights *rights);
void unix_rights_receive(struct unix_rights *rights);
void unix_rights_free(struct unix_rights *rights);

extern struct mutex unix_flight_lock;
extern struct list unix_flights;
extern u32 unix_flight_count; /* sockets in the list; read without the lock as a hint */

/* The AF_UNIX socket of a file, or NULL. */
struct unix_socket *unix_of_file(const struct file *file);

/* --- messages (message.c) --- */

struct unix_message {
    struct list link;
    struct unix_socket *sender; /* referenced: it is charged */
    struct unix_name *name;     /* the sender's, when it sent; referenced, or NULL */
    struct unix_rights *rights; /* or NULL */
    struct linux_ucred cred;
    u32 len;
    u32 done; /* a stream's reader has taken so many */
    u32 charge;
    u8 *page[]; /* frames; a short message lies here itself */
};

/* A message of `len` bytes, charged to the sender; NULL: no memory. unix_message_free() undoes it, and may sleep. */
struct unix_message *unix_message_make(struct unix_socket *sender, size_t len);
void unix_message_free(struct unix_message *m);
/* Frees those of a list, however deep sockets are packed into each other. May sleep. */
void unix_messages_discard(struct list *messages);

/* All of its bytes from a program; n of them at `at` to one. 0, -EFAULT. */
int unix_message_fill(struct unix_message *m, struct iobuf *from);
int unix_message_read(struct unix_message *m, u32 at, struct iobuf *to, u32 n);

/* The one behind `m` (NULL: the first), or NULL. Under `reading`, whose holder they stay with. */
struct unix_message *unix_queue_after(struct unix_socket *s, struct unix_message *m);
/* Puts it at the end. Under the receiver's lock. */
void unix_queue_push(struct unix_socket *s, struct unix_message *m);
/* n bytes of it have been read. It leaves the queue. Under `reading`. */
void unix_queue_read(struct unix_socket *s, struct unix_message *m, u32 n);
void unix_queue_take(struct unix_socket *s, struct unix_message *m);
/* All leave it, for the end of `to`. Nobody reads any more. */
void unix_queue_take_all(struct unix_socket *s, struct list *to);

/* --- collecting (collect.c) --- */

/* Frees what only sockets in flight can reach; sometimes, if there are many. May sleep; no lock held. */
void unix_collect(void);

/* --- sending and receiving (send.c, receive.c) --- */

ssize_t unix_send(struct socket *s, struct socket_message *m);
ssize_t unix_receive(struct socket *s, struct socket_message *m);

/* --- connections (connect.c) --- */

int unix_connect(struct socket *s, const struct socket_address *address, bool nonblock);
int unix_listen(struct socket *s, unsigned backlog);
int unix_accept(struct socket *s, bool nonblock, struct socket **out);
void unix_accept_undo(struct socket *s, struct socket *taken);
int unix_pair(struct socket *a, struct socket *b);
/* Whether a datagram socket lets `from` send to it: not if it is connected to somebody else. Under its lock. */
bool unix_lets_send(const struct unix_socket *to, const struct unix_socket *from);
/* A datagram socket forgets its peer, if that is `only` or `only` is NULL. Under `setup`, or nobody else knows s. */
void unix_disconnect(struct unix_socket *s, const struct unix_socket *only);

/* --- the end (close.c) --- */

int unix_shutdown(struct socket *s, int how);
void unix_close(struct socket *s);

/* --- start-up (proc.c) --- */

/* /proc/net/unix. */
void unix_proc_init(void);
