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

SYSCALL3(bind, int, fd, vaddr_t, from, int, len)
{
    struct socket_address address;
    struct fd_ref ref;
    struct socket *s;
    int err = socket_borrow(fd, &ref, &s);

    if (err)
        return err;
    err = args_address(&address, from, len);
    if (!err)
        err = s->ops->bind(s, &address);
    fd_put(ref);
    return err;
}

SYSCALL3(connect, int, fd, vaddr_t, from, int, len)
{
    struct socket_address address;
    struct fd_ref ref;
    struct socket *s;
    int err = socket_borrow(fd, &ref, &s);

    if (err)
        return err;
    err = args_address(&address, from, len);
    if (!err)
        err = s->ops->connect(s, &address, ref.file->flags & O_NONBLOCK);
    fd_put(ref);
    return err;
}

SYSCALL2(listen, int, fd, int, backlog)
{
    struct fd_ref ref;
    struct socket *s;
    int err = socket_borrow(fd, &ref, &s);

    if (err)
        return err;
    err = s->ops->listen(s, (unsigned)backlog);
    fd_put(ref);
    return err;
}

static long accept_with(int fd, vaddr_t to, vaddr_t len_at, unsigned flags)
{
    struct socket_address address;
    struct fd_ref ref;
    struct socket *s;
    int err = socket_borrow(fd, &ref, &s);

    if (err)
        return err;
    int new = socket_accept(s, flags, to ? &address : NULL);
    fd_put(ref);
    err = new >= 0 && to ? args_put_address(&address, to, len_at) : 0;
    if (err)
        fd_close(new);
    return err ? err : new;
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
    struct fd_ref ref;
    struct socket *s;
    int err = socket_borrow(fd, &ref, &s);

    if (err)
        return err;
    err = s->ops->name(s, peer, &address);
    fd_put(ref);
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
    struct fd_ref ref;
    struct socket *s;
    int err = socket_borrow(fd, &ref, &s);

    if (err)
        return err;
    err = s->ops->shutdown(s, how);
    fd_put(ref);
    return err;
}

/* --- options --------------------------------------------------------------------------------- */

SYSCALL5(setsockopt, int, fd, int, level, int, option, vaddr_t, from, int, len)
{
    struct fd_ref ref;
    struct socket *s;
    int err = socket_borrow(fd, &ref, &s);

    if (err)
        return err;
    if (len < 0)
        err = -EINVAL;
    else
        err = level == SOL_SOCKET ? socket_set_option(s, option, from, (unsigned)len) : -EOPNOTSUPP;
    fd_put(ref);
    return err;
}

static int get_option(struct socket *s, int option, vaddr_t to, vaddr_t len_at)
{
    unsigned len;
    s32 room;

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
    struct fd_ref ref;
    struct socket *s;
    int err = socket_borrow(fd, &ref, &s);

    if (err)
        return err;
    err = level == SOL_SOCKET ? get_option(s, option, to, len_at) : -EOPNOTSUPP;
    fd_put(ref);
    return err;
}
