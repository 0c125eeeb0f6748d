/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: poll and select. */
#ifndef ABI_LINUX_POLL_H
#define ABI_LINUX_POLL_H

#include <lib/types.h>

struct linux_pollfd {
    s32 fd;
    s16 events;
    s16 revents;
};

#define POLLIN     0x0001
#define POLLPRI    0x0002
#define POLLOUT    0x0004
#define POLLERR    0x0008
#define POLLHUP    0x0010
#define POLLNVAL   0x0020
#define POLLRDNORM 0x0040
#define POLLRDBAND 0x0080
#define POLLWRNORM 0x0100
#define POLLWRBAND 0x0200
#define POLLMSG    0x0400
#define POLLRDHUP  0x2000

/* pselect6's sixth argument points at this. */
struct linux_sigset_argument {
    u64 set;
    u64 size;
};

#endif
