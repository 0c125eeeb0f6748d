/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control messages: what sendmsg and recvmsg carry beside the bytes. On the way in they lie in kernel memory, on the
 * way out they are written to the program's one by one. No locks.
 */
#pragma once

#include <abi/linux/socket.h>
#include <lib/types.h>

struct file;

#define CONTROL_MAX 20480ul /* bytes that one call may send */

struct control_in {
    const u8 *bytes;
    size_t len;
};

struct control_out {
    vaddr_t at;   /* where the next one goes */
    size_t left;  /* room there */
    bool cut;     /* something did not fit */
    bool cloexec; /* MSG_CMSG_CLOEXEC */
};

/*
 * The control message at *pos, which moves behind it; its bytes (*len of them) follow the header. 1: there is one; 0: the
 * end; -EINVAL: its length is not possible.
 */
int control_next(const struct control_in *in, size_t *pos, struct linux_cmsghdr *head,
                 const u8 **data, size_t *len);

/* Writes one of SOL_SOCKET's; says in out->cut what did not fit, or could not be written. May sleep. */
void control_put(struct control_out *out, int type, const void *data, size_t len);

/*
 * SCM_RIGHTS: gives the current process as many of the files as there is room for, and takes over the references of those;
 * the caller's array then has NULL in their places. May sleep.
 */
void control_put_files(struct control_out *out, struct file **files, unsigned count);
