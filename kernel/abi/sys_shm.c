/* SPDX-License-Identifier: BSD-2-Clause */
/* System V shared memory: the calls. Segments are kernel/abi/shm.c's. */
#include "shm.h"
#include "syscall.h"

#include <base/percpu.h>
#include <mm/pager.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

static struct uvm *current_uvm(void)
{
    return this_cpu()->uvm;
}

SYSCALL3(shmget, int, key, u64, size, unsigned, flags)
{
    return shm_get(key, size, flags);
}

/* --- mapping --- */

/* Where to map, in *addr, and whether exactly there: flags for uvm_map, or -EINVAL. */
static long place(vaddr_t *addr, unsigned flags)
{
    if (!*addr)
        return flags & SHM_REMAP ? -EINVAL : 0;
    if (flags & SHM_RND)
        *addr = ALIGN_DOWN(*addr, PAGE_SIZE);
    if (!is_aligned(*addr, PAGE_SIZE) || !*addr)
        return -EINVAL;
    return UVM_FIXED | (flags & SHM_REMAP ? 0 : UVM_NOREPLACE);
}

static u32 mode_bits(unsigned flags)
{
    return 0444 | (flags & SHM_RDONLY ? 0 : 0222) | (flags & SHM_EXEC ? 0111 : 0);
}

static unsigned rights(unsigned flags)
{
    return UVM_R | (flags & SHM_RDONLY ? 0 : UVM_W) | (flags & SHM_EXEC ? UVM_X : 0);
}

SYSCALL3(shmat, int, id, vaddr_t, addr, unsigned, flags)
{
    struct pager *pager;
    long how = place(&addr, flags);
    u64 size;

    if (how < 0)
        return how;
    int err = shm_pager(id, mode_bits(flags), &pager, &size);
    if (err)
        return err;
    how |= UVM_SHARED | (flags & SHM_RDONLY ? UVM_NOWRITE : 0);
    err = uvm_map(current_uvm(), &addr, size, rights(flags), (unsigned)how, pager, 0);
    pager_put(pager);
    if (err == -EEXIST)
        return -EINVAL;
    return err ? err : (long)addr;
}

SYSCALL1(shmdt, vaddr_t, addr)
{
    return is_aligned(addr, PAGE_SIZE) ? uvm_detach(current_uvm(), addr, shm_owns) : -EINVAL;
}

/* --- control --- */

static long put_stat(int id, vaddr_t to)
{
    struct linux_shmid_ds ds;
    int err = shm_stat(id, &ds);

    return err ? err : copyout_obj(to, &ds);
}

/* SHM_STAT_ANY asks for no right. */
static long put_stat_at(int index, bool any, vaddr_t to)
{
    struct linux_shmid_ds ds;
    int id = shm_stat_index(index, any ? 0 : 0444, &ds);

    return id >= 0 && copyout_obj(to, &ds) ? -EFAULT : id;
}

static long set_perm(int id, vaddr_t from)
{
    struct linux_shmid_ds ds;
    int err = copyin_obj(&ds, from);

    return err ? err : shm_set(id, &ds.shm_perm);
}

static long put_limits(vaddr_t to)
{
    struct linux_shm_info sums;
    const struct linux_shminfo limits = {
        .shmmax = SHM_MAX_BYTES,
        .shmmin = 1,
        .shmmni = SHM_MAX_SEGMENTS,
        .shmseg = SHM_MAX_SEGMENTS,
        .shmall = SHM_MAX_PAGES,
    };
    int last = shm_info(&sums);

    return copyout_obj(to, &limits) ? -EFAULT : last;
}

static long put_sums(vaddr_t to)
{
    struct linux_shm_info sums;
    int last = shm_info(&sums);

    return copyout_obj(to, &sums) ? -EFAULT : last;
}

SYSCALL3(shmctl, int, id, int, command, vaddr_t, arg)
{
    if (id < 0 || command < 0)
        return -EINVAL;
    switch (command) {
    case IPC_INFO:
        return put_limits(arg);
    case SHM_INFO:
        return put_sums(arg);
    case IPC_STAT:
        return put_stat(id, arg);
    case SHM_STAT:
    case SHM_STAT_ANY:
        return put_stat_at(id, command == SHM_STAT_ANY, arg);
    case IPC_SET:
        return set_perm(id, arg);
    case IPC_RMID:
        return shm_remove(id);
    case SHM_LOCK: /* nothing is ever swapped out */
    case SHM_UNLOCK:
        return shm_set_locked(id, command == SHM_LOCK);
    default:
        return -EINVAL;
    }
}
