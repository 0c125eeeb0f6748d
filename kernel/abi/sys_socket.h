/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments of the socket calls, between sys_socket.c and sys_message.c. */
#pragma once

#include <fs/fdtable.h>
#include <net/socket.h>

/* The socket behind a descriptor, to be given back with fd_put(*ref) if the result is 0. -EBADF, -ENOTSOCK. */
int socket_borrow(int fd, struct fd_ref *ref, struct socket **out);

/* An address of a program's. -EINVAL, -EFAULT. */
int args_address(struct socket_address *address, vaddr_t from, int len);

/* The reverse: as much as *len_at says there is room for; then that is the address's length. `to` 0: not wanted. */
int args_put_address(const struct socket_address *address, vaddr_t to, vaddr_t len_at);
