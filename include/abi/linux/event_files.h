/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: descriptors that one waits with: epoll, eventfd, timerfd, signalfd, pidfd. */
#ifndef ABI_LINUX_EVENT_FILES_H
#define ABI_LINUX_EVENT_FILES_H

#include <abi/linux/fcntl.h>
#include <lib/types.h>

#define EPOLL_CLOEXEC O_CLOEXEC

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

/* Beside the POLL* events. */
#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLET        (1u << 31)

struct linux_epoll_event {
    u32 events;
    u32 pad;
    u64 data;
};
static_assert(sizeof(struct linux_epoll_event) == 16, "struct epoll_event");

#define EFD_SEMAPHORE 1
#define EFD_CLOEXEC   O_CLOEXEC
#define EFD_NONBLOCK  O_NONBLOCK

#define TFD_CLOEXEC             O_CLOEXEC
#define TFD_NONBLOCK            O_NONBLOCK
#define TFD_TIMER_ABSTIME       1
#define TFD_TIMER_CANCEL_ON_SET 2

#define SFD_CLOEXEC  O_CLOEXEC
#define SFD_NONBLOCK O_NONBLOCK

/* What a signalfd is read in. */
struct linux_signalfd_siginfo {
    u32 ssi_signo;
    s32 ssi_errno;
    s32 ssi_code;
    u32 ssi_pid;
    u32 ssi_uid;
    s32 ssi_fd;
    u32 ssi_tid;
    u32 ssi_band;
    u32 ssi_overrun;
    u32 ssi_trapno;
    s32 ssi_status;
    s32 ssi_int;
    u64 ssi_ptr;
    u64 ssi_utime;
    u64 ssi_stime;
    u64 ssi_addr;
    u8 ssi_rest[48];
};
static_assert(sizeof(struct linux_signalfd_siginfo) == 128, "struct signalfd_siginfo");

#define PIDFD_NONBLOCK O_NONBLOCK

#endif
