/* SPDX-License-Identifier: BSD-2-Clause */
/* What seals forbid, and how they are put on (see include/fs/seals.h). */
#include <fs/seals.h>

#include <abi/linux/fcntl.h>
#include <arch/mmu.h>
#include <base/atomic.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <lib/errno.h>

#define NO_WRITE  (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | NO_WRITE | F_SEAL_EXEC)

int seals_check_resize(const struct seals *seals, u64 from, u64 to)
{
    if (to < from)
        return seals->bits & F_SEAL_SHRINK ? -EPERM : 0;
    return to > from && seals->bits & F_SEAL_GROW ? -EPERM : 0;
}

int seals_check_change(const struct seals *seals)
{
    return seals->bits & NO_WRITE ? -EPERM : 0;
}

int seals_check_write(const struct seals *seals, u64 pos, u64 size, size_t *len)
{
    if (likely(!(seals->bits & (NO_WRITE | F_SEAL_GROW))) || !*len)
        return 0;
    if (seals->bits & NO_WRITE)
        return -EPERM;
    if (pos <= size && *len <= size - pos)
        return 0;
    u64 end = ALIGN_DOWN(size, PAGE_SIZE);
    if (pos >= end)
        return -EPERM;
    *len = end - pos;
    return 0;
}

int seals_check_mode(const struct seals *seals, u32 from, u32 to)
{
    return (from ^ to) & 0111 && seals->bits & F_SEAL_EXEC ? -EPERM : 0;
}

bool seals_claim(struct seals *seals)
{
    if (seals->bits & NO_WRITE)
        return false;
    atomic_add_relaxed(&seals->writers, 1);
    return true;
}

static int add_locked(struct seals *seals, u32 mode, u32 bits)
{
    if (seals->bits & F_SEAL_SEAL)
        return -EPERM;
    /* What may be executed and stays so must not change under who executes it. */
    if (bits & F_SEAL_EXEC && mode & 0111)
        bits |= F_SEAL_SHRINK | F_SEAL_GROW | NO_WRITE;
    if (bits & F_SEAL_WRITE && !(seals->bits & F_SEAL_WRITE) &&
        atomic_load_acquire(&seals->writers) > 0)
        return -EBUSY;
    seals->bits |= bits;
    return 0;
}

static struct seals *seals_of(struct file *file)
{
    return file->inode->ops->seals ? file->inode->ops->seals(file->inode) : NULL;
}

int file_add_seals(struct file *file, u32 bits)
{
    struct seals *seals = seals_of(file);

    if (!(file->access & FILE_WRITE))
        return -EPERM;
    if (bits & ~ALL_SEALS || !seals)
        return -EINVAL;
    mutex_lock(&file->inode->lock);
    int err = add_locked(seals, file->inode->mode, bits);
    mutex_unlock(&file->inode->lock);
    return err;
}

int file_get_seals(struct file *file)
{
    struct seals *seals = seals_of(file);

    return seals ? (int)READ_ONCE(seals->bits) : -EINVAL;
}
