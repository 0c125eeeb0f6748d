/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets: what all families share. A family registers under its number and makes sockets that start with a
 * struct socket; net/socket.c makes files of them, and the system calls (kernel/abi/sys_socket.c) come in here.
 *
 * A socket is its inode: references on that are references on the socket, and at the last one ops->free runs. The open
 * file holds one; when it is closed, ops->close ends the socket's part in the world, and what others still refer to
 * (peers, messages under way) is only memory.
 *
 * Locks: each family has its own. The options here are plain words, written by one store each.
 */
#pragma once

#include <abi/linux/socket.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <net/control.h>

struct socket;

/* An address as a program gives it or gets it: `len` bytes, of which the first two are the family. */
struct socket_address {
    unsigned len;
    union {
        u16 family;
        struct linux_sockaddr_un un;
        u8 bytes[SOCKADDR_MAX];
    };
};

/* One call of the sendmsg or recvmsg kind. */
struct socket_message {
    struct iobuf *data;
    struct socket_address *address;     /* to: len 0 for none; from: filled in; NULL: nobody asks */
    const struct control_in *control;   /* to send; NULL: none */
    struct control_out *control_wanted; /* to receive into; NULL: nobody asks */
    unsigned flags;                     /* MSG_*, with MSG_DONTWAIT if the file says O_NONBLOCK */
    unsigned result;                    /* MSG_* that recvmsg reports */
};

/* Every member must be there. Errors as those of the calls; all may sleep. */
struct socket_ops {
    int (*bind)(struct socket *s, const struct socket_address *address);
    int (*connect)(struct socket *s, const struct socket_address *address, bool nonblock);
    int (*listen)(struct socket *s, unsigned backlog);
    /* The next connection as a socket with a reference for the caller, who makes a file of it or gives it back. */
    int (*accept)(struct socket *s, bool nonblock, struct socket **out);
    void (*accept_undo)(struct socket *s, struct socket *taken);
    /* Connects two fresh sockets of the same type. */
    int (*pair)(struct socket *a, struct socket *b);
    int (*shutdown)(struct socket *s, int how);
    /* Its own address, or that of the one it is connected to. */
    int (*name)(struct socket *s, bool peer, struct socket_address *out);
    /* Bytes moved or an error. */
    ssize_t (*send)(struct socket *s, struct socket_message *m);
    ssize_t (*receive)(struct socket *s, struct socket_message *m);
    u32 (*poll)(struct socket *s, struct poll_table *table);
    long (*ioctl)(struct socket *s, unsigned cmd, vaddr_t arg);
    /* Whether it waits for connections; who is at the other end (pid 0: nobody is); prints for fdinfo. */
    bool (*listening)(struct socket *s);
    struct linux_ucred (*peer_cred)(struct socket *s);
    void (*show_info)(struct socket *s, struct fmt_sink *sink);
    /* More room for sending may have come (SO_SNDBUF). */
    void (*room_changed)(struct socket *s);
    /* Bytes of messages that it has sent and nobody has read. Under spinlocks. */
    u64 (*unread)(struct socket *s);
    /* The file is closed. */
    void (*close)(struct socket *s);
    /* The last reference is gone. */
    void (*free)(struct socket *s);
};

struct socket {
    struct inode inode;
    const struct socket_ops *ops;
    struct file *file; /* not referenced; NULL before accept and after close */
    u16 family, type;
    int error;                         /* for SO_ERROR and the next call: 0 or positive */
    u32 send_buffer, receive_buffer;   /* bytes */
    u32 options;                       /* those that are on, 1 << SO_* below 32 */
    s32 low_water;                     /* SO_RCVLOWAT */
    struct linux_linger linger;        /* kept and shown; nothing here takes time to close */
    u64 send_timeout, receive_timeout; /* ns; WAIT_FOREVER */
};

struct socket_family {
    u16 family;
    /* A new socket of that kind with one reference. -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -ENOMEM. */
    int (*create)(int type, int protocol, struct socket **out);
};

/* At start-up. The struct must stay for ever. */
void socket_family_register(const struct socket_family *family);

/* For families: fills in the common part. One reference. */
void socket_init(struct socket *s, const struct socket_ops *ops, u16 family, u16 type);

static inline struct socket *socket_get(struct socket *s)
{
    inode_get(&s->inode);
    return s;
}

/* May sleep. */
static inline void socket_put(struct socket *s)
{
    inode_put(&s->inode);
}

static inline bool socket_option(const struct socket *s, unsigned option)
{
    return READ_ONCE(s->options) >> option & 1;
}

/* The pending error, negative, which is reported once; or 0. */
int socket_take_error(struct socket *s);

/* When a wait that starts now ends, and what it then returns: rc is that of wait_event_until(). */
u64 socket_deadline(u64 timeout);
int socket_wait_result(int rc, u64 timeout);

/* socket(2), socketpair(2), accept4(2): descriptors. flags: SOCK_CLOEXEC, SOCK_NONBLOCK. */
int socket_open(int family, int type, int protocol, unsigned flags);
/* `tell` learns both numbers before anybody can use them; its error ends the call. */
int socket_open_pair(int family, int type, int protocol, unsigned flags,
                     int (*tell)(const int fd[2], void *to), void *to);
/* `tell` (NULL: nobody asks) learns who has connected, likewise: its error ends the call, and the connection. */
int socket_accept(struct socket *s, unsigned flags,
                  int (*tell)(const struct socket_address *from, void *to), void *to);

/* The socket of a file, or NULL: it is none. Borrowed from the file. */
struct socket *socket_of(const struct file *file);

/* connect, send and receive with the flags of the file taken into account. */
int socket_connect(struct socket *s, const struct socket_address *address);
ssize_t socket_send(struct socket *s, struct socket_message *m);
ssize_t socket_receive(struct socket *s, struct socket_message *m);

/*
 * SOL_SOCKET's options. get: *len is the room there and then what was written. -ENOPROTOOPT, -EINVAL, -EDOM,
 * -EPERM, -EFAULT.
 */
int socket_set_option(struct socket *s, int option, vaddr_t from, unsigned len);
int socket_get_option(struct socket *s, int option, vaddr_t to, unsigned *len);
