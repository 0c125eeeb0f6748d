/* SPDX-License-Identifier: BSD-2-Clause */
/* fcntl's commands for record locks: F_GETLK, F_SETLK, F_SETLKW and those of open files (F_OFD_*). */
#pragma once

#include <fs/file.h>
#include <lib/types.h>

/* `file` is what `fd` names. 0, -EFAULT, -EINVAL, -EOVERFLOW, -EBADF, and what reclock_set() says. */
long fcntl_reclock(int fd, struct file *file, unsigned cmd, vaddr_t arg);
