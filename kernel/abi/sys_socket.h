/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments of the socket calls, between sys_socket.c and sys_message.c. */
#pragma once

#include <fs/fdtable.h>
#include <net/socket.h>

/* The socket behind a descriptor, to be given back with fd_put(*ref) if the result is 0. -EBADF, -ENOTSOCK. */
int socket_borrow(int fd, struct fd_ref *ref, struct socket **out);

/*
 * What a call makes of the socket behind a descriptor: the value of `operation`, an expression in which that
 * socket is called `s` and is borrowed for as long; or the error of socket_borrow().
 */
#define with_socket(fd, s, operation)                        \
    ({                                                       \
        struct fd_ref with_ref_;                             \
        struct socket *s;                                    \
        long with_rc_ = socket_borrow((fd), &with_ref_, &s); \
        if (!with_rc_) {                                     \
            with_rc_ = (operation);                          \
            fd_put(with_ref_);                               \
        }                                                    \
        with_rc_;                                            \
    })

/* An address of a program's. -EINVAL, -EFAULT. */
int args_address(struct socket_address *address, vaddr_t from, int len);

/* The reverse: as much as *len_at says there is room for; then that is the address's length. `to` 0: not wanted. */
int args_put_address(const struct socket_address *address, vaddr_t to, vaddr_t len_at);
