/* SPDX-License-Identifier: BSD-2-Clause */
/* Moving bytes between the kernel and the caller's buffer (see include/fs/iobuf.h). */
#include <fs/iobuf.h>

#include <lib/string.h>
#include <mm/usercopy.h>

struct iobuf iobuf_segments(const struct linux_iovec *segments, unsigned count)
{
    struct iobuf iob = {.more = segments, .user = true};

    for (unsigned i = 0; i < count; i++)
        iob.left += segments[i].iov_len;
    return iob;
}

/* The bytes that the current piece takes of n, going on to the next one when it is used up. */
static size_t piece_of(struct iobuf *iob, size_t n)
{
    while (!iob->piece) {
        iob->base = iob->more->iov_base;
        iob->piece = iob->more->iov_len;
        iob->more++;
    }
    return MIN(n, iob->piece);
}

static void advance(struct iobuf *iob, size_t n)
{
    iob->base += n;
    iob->piece -= n;
    iob->left -= n;
}

static __noinline int write_pieces(struct iobuf *iob, const void *src, size_t n)
{
    const u8 *from = src;

    while (n) {
        size_t part = piece_of(iob, n);
        int err = 0;

        if (iob->user)
            err = copyout(iob->base, from, part);
        else
            memcpy((void *)iob->base, from, part);
        if (err)
            return err;
        advance(iob, part);
        from += part;
        n -= part;
    }
    return 0;
}

static __noinline int read_pieces(struct iobuf *iob, void *dst, size_t n)
{
    u8 *to = dst;

    while (n) {
        size_t part = piece_of(iob, n);
        int err = 0;

        if (iob->user)
            err = copyin(to, iob->base, part);
        else
            memcpy(to, (void *)iob->base, part);
        if (err)
            return err;
        advance(iob, part);
        to += part;
        n -= part;
    }
    return 0;
}

static __noinline int zero_pieces(struct iobuf *iob, size_t n)
{
    while (n) {
        size_t part = piece_of(iob, n);
        int err = 0;

        if (iob->user)
            err = copyout_zero(iob->base, part);
        else
            memset((void *)iob->base, 0, part);
        if (err)
            return err;
        advance(iob, part);
        n -= part;
    }
    return 0;
}

/* The usual case: a user buffer in one piece. */
static inline bool is_simple(const struct iobuf *iob, size_t n)
{
    return likely(iob->user && n <= iob->piece);
}

int iobuf_write(struct iobuf *iob, const void *src, size_t n)
{
    if (!is_simple(iob, n))
        return write_pieces(iob, src, n);
    int err = copyout(iob->base, src, n);
    if (likely(!err))
        advance(iob, n);
    return err;
}

int iobuf_read(struct iobuf *iob, void *dst, size_t n)
{
    if (!is_simple(iob, n))
        return read_pieces(iob, dst, n);
    int err = copyin(dst, iob->base, n);
    if (likely(!err))
        advance(iob, n);
    return err;
}

int iobuf_zero(struct iobuf *iob, size_t n)
{
    if (!is_simple(iob, n))
        return zero_pieces(iob, n);
    int err = copyout_zero(iob->base, n);
    if (likely(!err))
        advance(iob, n);
    return err;
}
