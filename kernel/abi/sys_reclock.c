/* SPDX-License-Identifier: BSD-2-Clause */
/* Record locks as fcntl has them (see fs/reclock.h): struct flock to a range of bytes and back. */
#include "sys_reclock.h"

#include <abi/linux/fcntl.h>
#include <fs/fdtable.h>
#include <fs/inode.h>
#include <fs/reclock.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <lib/errno.h>
#include <mm/usercopy.h>

static bool is_ofd(unsigned cmd)
{
    return cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
}

/* Where l_start counts from. */
static s64 base_of(const struct linux_flock *l, struct file *file)
{
    switch (l->l_whence) {
    case SEEK_SET:
        return 0;
    case SEEK_CUR:
        return (s64)READ_ONCE(file->pos);
    case SEEK_END:
        return (s64)inode_size(file->inode);
    default:
        return -EINVAL;
    }
}

/* A negative length covers the bytes before l_start; none at all, everything from there. */
static int to_range(const struct linux_flock *l, struct file *file, struct reclock *out)
{
    s64 start, last = (s64)RECLOCK_EOF;
    s64 base = base_of(l, file);

    if (base < 0)
        return (int)base;
    if (__builtin_add_overflow(base, l->l_start, &start))
        return -EOVERFLOW;
    if (l->l_len > 0 && __builtin_add_overflow(start, l->l_len - 1, &last))
        return -EOVERFLOW;
    if (l->l_len < 0) {
        last = start - 1;
        if (__builtin_add_overflow(start, l->l_len, &start))
            return -EINVAL;
    }
    if (start < 0)
        return -EINVAL;
    out->first = (u64)start;
    out->last = (u64)last;
    return 0;
}

static int to_lock(const struct linux_flock *l, struct file *file, unsigned cmd,
                   struct reclock *out)
{
    if (l->l_type != F_RDLCK && l->l_type != F_WRLCK && l->l_type != F_UNLCK)
        return -EINVAL;
    if (is_ofd(cmd) && l->l_pid)
        return -EINVAL;
    out->exclusive = l->l_type == F_WRLCK;
    out->owner = is_ofd(cmd) ? (const void *)file : fd_owner();
    out->pid = is_ofd(cmd) ? -1 : process_pid(current_process());
    return to_range(l, file, out);
}

static void from_lock(const struct reclock *found, struct linux_flock *l)
{
    l->l_type = found->exclusive ? F_WRLCK : F_RDLCK;
    l->l_whence = SEEK_SET;
    l->l_start = (s64)found->first;
    l->l_len = found->last == RECLOCK_EOF ? 0 : (s64)(found->last - found->first + 1);
    l->l_pid = found->pid > 0 ? pid_seen(found->pid) : found->pid;
}

static long get_lock(struct file *file, struct linux_flock *l, const struct reclock *want,
                     vaddr_t arg)
{
    struct reclock found;

    if (l->l_type == F_UNLCK)
        return -EINVAL;
    if (reclock_find(file->inode, want, &found))
        from_lock(&found, l);
    else
        l->l_type = F_UNLCK;
    return copyout_obj(arg, l);
}

static enum reclock_wait waiting(unsigned cmd)
{
    return cmd == F_SETLKW       ? RECLOCK_WAIT_CHECKED
           : cmd == F_OFD_SETLKW ? RECLOCK_WAIT
                                 : RECLOCK_TRY;
}

/* Another thread may have closed the descriptor meanwhile: then nobody would ever drop the lock. */
static int still_open(int fd, struct file *file, const void *owner)
{
    struct fd_ref ref = fd_get(fd);
    bool same = ref.file == file;

    fd_put(ref);
    if (!same)
        reclock_drop(file->inode, owner);
    return same ? 0 : -EBADF;
}

static long set_lock(int fd, struct file *file, const struct linux_flock *l,
                     const struct reclock *want, unsigned cmd)
{
    u8 needed = l->l_type == F_WRLCK ? FILE_WRITE : l->l_type == F_RDLCK ? FILE_READ : 0;

    if ((file->access & needed) != needed)
        return -EBADF;
    if (l->l_type == F_UNLCK)
        return reclock_clear(file->inode, want->owner, want->first, want->last);
    int err = reclock_set(file->inode, want, waiting(cmd));
    return err || is_ofd(cmd) ? err : still_open(fd, file, want->owner);
}

long fcntl_reclock(int fd, struct file *file, unsigned cmd, vaddr_t arg)
{
    struct linux_flock l;
    struct reclock want;
    int err = copyin_obj(&l, arg);

    if (!err)
        err = to_lock(&l, file, cmd, &want);
    if (err)
        return err;
    return cmd == F_GETLK || cmd == F_OFD_GETLK ? get_lock(file, &l, &want, arg)
                                                : set_lock(fd, file, &l, &want, cmd);
}
