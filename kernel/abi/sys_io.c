/* SPDX-License-Identifier: BSD-2-Clause */
/* Moving bytes: read, write and their relatives, and the position. */
#include "args.h"
#include "syscall.h"

#include <abi/linux/limits.h>
#include <fs/fdtable.h>
#include <mm/usercopy.h>

SYSCALL3(read, int, fd, vaddr_t, buf, size_t, len)
{
    struct fd_ref ref = fd_get(fd);
    struct iobuf to = iobuf_user(buf, MIN(len, MAX_RW_COUNT));

    if (unlikely(!ref.file))
        return -EBADF;
    long n = file_read(ref.file, &to);
    fd_put(ref);
    return n;
}

SYSCALL3(write, int, fd, vaddr_t, buf, size_t, len)
{
    struct fd_ref ref = fd_get(fd);
    struct iobuf from = iobuf_user(buf, MIN(len, MAX_RW_COUNT));

    if (unlikely(!ref.file))
        return -EBADF;
    long n = file_write(ref.file, &from);
    fd_put(ref);
    return n;
}

SYSCALL4(pread64, int, fd, vaddr_t, buf, size_t, len, u64, pos)
{
    struct fd_ref ref = fd_get(fd);
    struct iobuf to = iobuf_user(buf, MIN(len, MAX_RW_COUNT));

    if (!ref.file)
        return -EBADF;
    long n = file_pread(ref.file, &to, pos);
    fd_put(ref);
    return n;
}

SYSCALL4(pwrite64, int, fd, vaddr_t, buf, size_t, len, u64, pos)
{
    struct fd_ref ref = fd_get(fd);
    struct iobuf from = iobuf_user(buf, MIN(len, MAX_RW_COUNT));

    if (!ref.file)
        return -EBADF;
    long n = file_pwrite(ref.file, &from, pos);
    fd_put(ref);
    return n;
}

/* What a vectored call does with its buffer. pos is looked at by the positioned ones only. */
typedef ssize_t (*vector_move)(struct file *file, struct iobuf *iob, u64 pos);

static ssize_t move_read(struct file *file, struct iobuf *iob, u64 pos)
{
    (void)pos;
    return file_read(file, iob);
}

static ssize_t move_write(struct file *file, struct iobuf *iob, u64 pos)
{
    (void)pos;
    return file_write(file, iob);
}

static long vectored(vector_move move, int fd, vaddr_t iov, u64 count, u64 pos)
{
    struct args_vector vector;
    struct fd_ref ref = fd_get(fd);

    if (!ref.file)
        return -EBADF;
    long n = args_vector(&vector, iov, count);
    if (n == 0) {
        n = move(ref.file, &vector.iob, pos);
        args_vector_put(&vector);
    }
    fd_put(ref);
    return n;
}

SYSCALL3(readv, int, fd, vaddr_t, iov, u64, count)
{
    return vectored(move_read, fd, iov, count, 0);
}

SYSCALL3(writev, int, fd, vaddr_t, iov, u64, count)
{
    return vectored(move_write, fd, iov, count, 0);
}

SYSCALL4(preadv, int, fd, vaddr_t, iov, u64, count, u64, pos)
{
    return vectored(file_pread, fd, iov, count, pos);
}

SYSCALL4(pwritev, int, fd, vaddr_t, iov, u64, count, u64, pos)
{
    return vectored(file_pwrite, fd, iov, count, pos);
}

/* The high half of the position is an argument of its own, unused where a register holds it all. */
SYSCALL6(preadv2, int, fd, vaddr_t, iov, u64, count, s64, pos, u64, pos_high, int, flags)
{
    (void)pos_high;
    if (flags)
        return -EOPNOTSUPP;
    return vectored(pos == -1 ? move_read : file_pread, fd, iov, count, (u64)pos);
}

SYSCALL6(pwritev2, int, fd, vaddr_t, iov, u64, count, s64, pos, u64, pos_high, int, flags)
{
    (void)pos_high;
    if (flags)
        return -EOPNOTSUPP;
    return vectored(pos == -1 ? move_write : file_pwrite, fd, iov, count, (u64)pos);
}

SYSCALL3(lseek, int, fd, s64, offset, unsigned, whence)
{
    struct fd_ref ref = fd_get(fd);

    if (!ref.file)
        return -EBADF;
    long pos = file_lseek(ref.file, offset, (int)whence);
    fd_put(ref);
    return pos;
}

/* sendfile with the position in user memory: read first, written back what was moved. */
static long send_at(struct file *out, struct file *in, vaddr_t offset, size_t count)
{
    s64 start;
    u64 pos;
    int err = copyin_obj(&start, offset);

    if (err)
        return err;
    if (start < 0)
        return -EINVAL;
    pos = (u64)start;
    long n = file_send(out, in, &pos, count);
    err = copyout_obj(offset, &pos);
    return err ? err : n;
}

SYSCALL4(sendfile, int, out_fd, int, in_fd, vaddr_t, offset, size_t, count)
{
    struct fd_ref in = fd_get(in_fd);
    struct fd_ref out = fd_get(out_fd);
    long n = -EBADF;

    count = MIN(count, MAX_RW_COUNT);
    if (in.file && out.file)
        n = offset ? send_at(out.file, in.file, offset, count)
                   : file_send(out.file, in.file, NULL, count);
    if (out.file)
        fd_put(out);
    if (in.file)
        fd_put(in);
    return n;
}
