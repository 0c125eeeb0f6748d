/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and FIFOs: a ring of up to 16 frames between writers and readers. Writes of up to
 * PIPE_BUF (4096) bytes are atomic. See fs/pipe.c for the locks.
 */
#pragma once

#include <fs/file.h>

/*
 * pipe2(2): two open files, the read end and the write end, each with one reference. flags:
 * O_NONBLOCK. -ENOMEM.
 */
int pipe_make(unsigned flags, struct file **read_end, struct file **write_end);

/* file_ops of FIFO inodes: open waits for the other end as POSIX wants it. */
extern const struct file_ops fifo_file_ops;

/* A FIFO inode is freed: its pipe (inode->private, may be NULL) goes with it. */
void fifo_release(struct inode *inode);

/* What a pipe holds: this many frames. */
#define PIPE_SLOTS 16u
#define PIPE_SIZE  (PIPE_SLOTS * (u32)PAGE_SIZE)

/* F_GETPIPE_SZ, F_SETPIPE_SZ: the capacity in bytes; -EBADF when the file is no pipe. */
long pipe_capacity(struct file *file);
