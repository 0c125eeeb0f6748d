/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buffer at the caller's end of a read or write: in the current program's memory (one piece
 * or several, as readv gives them) or in the kernel. File code moves bytes through it and never
 * sees an address; every byte moved advances it.
 *
 * User copies may fault and sleep: never under a spinlock.
 */
#pragma once

#include <abi/linux/uio.h>
#include <lib/types.h>

struct iobuf {
    size_t left;                    /* bytes not moved yet, over all pieces */
    vaddr_t base;                   /* where the next byte goes or comes from */
    size_t piece;                   /* bytes left in the current piece */
    const struct linux_iovec *more; /* the pieces after the current one */
    bool user;
};

/* A user buffer. The address is checked when bytes move, not here. */
static inline struct iobuf iobuf_user(vaddr_t base, size_t len)
{
    return (struct iobuf){.left = len, .base = base, .piece = len, .user = true};
}

static inline struct iobuf iobuf_kernel(const void *base, size_t len)
{
    return (struct iobuf){.left = len, .base = (vaddr_t)base, .piece = len};
}

/*
 * A user buffer of `count` pieces, each already copied into the kernel, at `segments`, which must
 * stay while the buffer is in use. The lengths' sum must fit ssize_t (the caller checks).
 */
struct iobuf iobuf_segments(const struct linux_iovec *segments, unsigned count);

/*
 * Move n <= left bytes to the caller's buffer (iobuf_write: a file is being read) or from it
 * (iobuf_read: a file is being written). 0 or -EFAULT/-ENOMEM; on failure an unknown part of the
 * n bytes was touched, and the buffer has advanced over whole pieces only.
 */
int iobuf_write(struct iobuf *iob, const void *src, size_t n);
int iobuf_read(struct iobuf *iob, void *dst, size_t n);

/* Writes n <= left zero bytes to the caller's buffer. */
int iobuf_zero(struct iobuf *iob, size_t n);
