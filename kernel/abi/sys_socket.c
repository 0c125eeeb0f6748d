/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets: making, naming and connecting them, and their options. */
#include "sys_socket.h"
#include "syscall.h"

#include <fs/fdtable.h>
#include <mm/usercopy.h>
#include <net/socket.h>

/* --- arguments ------------------------------------------------------------------------------- */

int socket_borrow(int fd, struct fd_ref *ref, struct socket **out)
{
    *ref = fd_get(fd);
    if (!ref->file)
        return -EBADF;
    *out = ref->file->flags & O_PATH ? NULL : socket_of(ref->file);
    if (*out)
        return 0;
    bool path = ref->file->flags & O_PATH;
    fd_put(*ref);
    return path ? -EBADF : -ENOTSOCK;
}

int args_address(struct socket_address *address, vaddr_t from, int len)
{
    if (len < 0 || (unsigned)len > sizeof(address->bytes))
        return -EINVAL;
    address->len = (unsigned)len;
    address->family = AF_UNSPEC;
    return copyin(address->bytes, from, address->len);
}

int args_put_address(const struct socket_address *address, vaddr_t to, vaddr_t len_at)
{
    u32 len = address->len;
    s32 room;

    if (!to)
        return 0;
    if (copyin_obj(&room, len_at))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (copyout(to, address->bytes, MIN((u32)room, len)))
        return -EFAULT;
    return copyout_obj(len_at, &len);
}

/* --- making ---------------------------------------------------------------------------------- */

SYSCALL3(socket, int, family, int, type, int, protocol)
{
    return socket_open(family, type & SOCK_TYPE_MASK, protocol,
                       (unsigned)type & ~(unsigned)SOCK_TYPE_MASK);
}

static int tell_pair(const int fd[2], void *to)
{
    return copyout(*(const vaddr_t *)to, fd, 2 * sizeof(fd[0]));
}

SYSCALL4(socketpair, int, family, int, type, int, protocol, vaddr_t, to)
{
    return socket_open_pair(family, type & SOCK_TYPE_MASK, protocol,
                            (unsigned)type & ~(unsigned)SOCK_TYPE_MASK, tell_pair, &to);
}

/* --- naming and connecting ------------------------------------------------------------------- */

static long bind_to(struct socket *s, vaddr_t from, int len)
{
    struct socket_address address;
    int err = args_address(&address, from, len);

    return err ? err : s->ops->bind(s, &address);
}

SYSCALL3(bind, int, fd, vaddr_t, from, int, len)
{
    return with_socket(fd, s, bind_to(s, from, len));
}

static long connect_to(struct socket *s, vaddr_t from, int len)
{
    struct socket_address address;
    int err = args_address(&address, from, len);

    return err ? err : socket_connect(s, &address);
}

SYSCALL3(connect, int, fd, vaddr_t, from, int, len)
{
    return with_socket(fd, s, connect_to(s, from, len));
}

SYSCALL2(listen, int, fd, int, backlog)
{
    return with_socket(fd, s, s->ops->listen(s, (unsigned)backlog));
}

/* Where a program wants an address. */
struct address_room {
    vaddr_t to, len_at;
};

static int tell_address(const struct socket_address *address, void *arg)
{
    const struct address_room *room = arg;

    return args_put_address(address, room->to, room->len_at);
}

static long accept_with(int fd, vaddr_t to, vaddr_t len_at, unsigned flags)
{
    struct address_room room = {.to = to, .len_at = len_at};

    return with_socket(fd, s, socket_accept(s, flags, to ? tell_address : NULL, &room));
}

SYSCALL3(accept, int, fd, vaddr_t, to, vaddr_t, len_at)
{
    return accept_with(fd, to, len_at, 0);
}

SYSCALL4(accept4, int, fd, vaddr_t, to, vaddr_t, len_at, unsigned, flags)
{
    return accept_with(fd, to, len_at, flags);
}

static long put_name(int fd, bool peer, vaddr_t to, vaddr_t len_at)
{
    struct socket_address address;
    long err = with_socket(fd, s, s->ops->name(s, peer, &address));

    if (!err && !to)
        err = -EFAULT;
    return err ? err : args_put_address(&address, to, len_at);
}

SYSCALL3(getsockname, int, fd, vaddr_t, to, vaddr_t, len_at)
{
    return put_name(fd, false, to, len_at);
}

SYSCALL3(getpeername, int, fd, vaddr_t, to, vaddr_t, len_at)
{
    return put_name(fd, true, to, len_at);
}

SYSCALL2(shutdown, int, fd, int, how)
{
    return with_socket(fd, s, s->ops->shutdown(s, how));
}

/* --- options --------------------------------------------------------------------------------- */

static int set_option(struct socket *s, int level, int option, vaddr_t from, int len)
{
    if (len < 0)
        return -EINVAL;
    return level == SOL_SOCKET ? socket_set_option(s, option, from, (unsigned)len) : -EOPNOTSUPP;
}

SYSCALL5(setsockopt, int, fd, int, level, int, option, vaddr_t, from, int, len)
{
    return with_socket(fd, s, set_option(s, level, option, from, len));
}

static int get_option(struct socket *s, int level, int option, vaddr_t to, vaddr_t len_at)
{
    unsigned len;
    s32 room;

    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    if (copyin_obj(&room, len_at))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    len = (unsigned)room;
    int err = socket_get_option(s, option, to, &len);
    return err ? err : copyout_obj(len_at, &len);
}

SYSCALL5(getsockopt, int, fd, int, level, int, option, vaddr_t, to, vaddr_t, len_at)
{
    return with_socket(fd, s, get_option(s, level, option, to, len_at));
}
