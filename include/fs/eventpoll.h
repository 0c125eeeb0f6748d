/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll: waiting for some of many files at a price that depends on how many are ready, not on how
 * many are watched. See fs/eventpoll.c.
 */
#pragma once

#include <abi/linux/event_files.h>
#include <lib/types.h>

struct file;

/* epoll_create1(2): the descriptor, or -EINVAL, -ENOMEM, -EMFILE. */
int epoll_create(unsigned flags);

/*
 * epoll_ctl(2) on the epoll behind `file` for the file `target`, which is open as descriptor `fd`. `event` is
 * ignored for EPOLL_CTL_DEL. 0 or Linux's errors. May sleep.
 */
int epoll_control(struct file *file, int op, struct file *target, int fd,
                  const struct linux_epoll_event *event);

/*
 * epoll_wait(2): up to `most` events to the user's array at `to`, by `deadline` (0: only look; WAIT_FOREVER).
 * How many; 0 at the deadline; -EINVAL (no epoll), -EFAULT, -EINTR.
 */
int epoll_wait_for(struct file *file, vaddr_t to, int most, u64 deadline);
