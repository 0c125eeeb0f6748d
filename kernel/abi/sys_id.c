/* SPDX-License-Identifier: BSD-2-Clause */
/* Users and groups: the arguments of the calls, brought into the shape that <kernel/cred.h> works on. */
#include "syscall.h"

#include <abi/linux/limits.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <kernel/rlimit.h>
#include <mm/usercopy.h>

#define NO_ID (~0u)

/* Who may lock memory without limit may have changed. */
static long changed(int err)
{
    if (!err)
        rlimit_apply(current_thread()->uvm, caps_have(CAP_IPC_LOCK));
    return err;
}

SYSCALL0(getuid)
{
    return current_cred()->user.real;
}

SYSCALL0(geteuid)
{
    return current_cred()->user.effective;
}

SYSCALL0(getgid)
{
    return current_cred()->group.real;
}

SYSCALL0(getegid)
{
    return current_cred()->group.effective;
}

SYSCALL1(setuid, u32, id)
{
    return changed(cred_set(CRED_USER, id));
}

SYSCALL1(setgid, u32, id)
{
    return cred_set(CRED_GROUP, id);
}

SYSCALL2(setreuid, u32, real, u32, effective)
{
    return changed(cred_set_re(CRED_USER, real, effective));
}

SYSCALL2(setregid, u32, real, u32, effective)
{
    return cred_set_re(CRED_GROUP, real, effective);
}

SYSCALL3(setresuid, u32, real, u32, effective, u32, saved)
{
    return changed(cred_set_res(CRED_USER, real, effective, saved));
}

SYSCALL3(setresgid, u32, real, u32, effective, u32, saved)
{
    return cred_set_res(CRED_GROUP, real, effective, saved);
}

static long put_ids(const struct cred_ids *ids, vaddr_t real, vaddr_t effective, vaddr_t saved)
{
    if (copyout_obj(real, &ids->real) || copyout_obj(effective, &ids->effective) ||
        copyout_obj(saved, &ids->saved))
        return -EFAULT;
    return 0;
}

SYSCALL3(getresuid, vaddr_t, real, vaddr_t, effective, vaddr_t, saved)
{
    return put_ids(&current_cred()->user, real, effective, saved);
}

SYSCALL3(getresgid, vaddr_t, real, vaddr_t, effective, vaddr_t, saved)
{
    return put_ids(&current_cred()->group, real, effective, saved);
}

/* These two return the id before the call, whether it changed or not. */
SYSCALL1(setfsuid, u32, id)
{
    return cred_set_fs(CRED_USER, id);
}

SYSCALL1(setfsgid, u32, id)
{
    return cred_set_fs(CRED_GROUP, id);
}

/* --- supplementary groups --- */

SYSCALL2(getgroups, int, size, vaddr_t, list)
{
    const struct groups *groups = current_cred()->groups;

    if (size < 0 || (size && (u32)size < groups->count))
        return -EINVAL;
    if (size && copyout(list, groups->id, groups->count * sizeof(groups->id[0])))
        return -EFAULT;
    return groups->count;
}

static int read_groups(struct groups *groups, vaddr_t list)
{
    if (copyin(groups->id, list, groups->count * sizeof(groups->id[0])))
        return -EFAULT;
    for (u32 i = 0; i < groups->count; i++) {
        if (groups->id[i] == NO_ID)
            return -EINVAL;
    }
    return 0;
}

SYSCALL2(setgroups, int, size, vaddr_t, list)
{
    if (!caps_have(CAP_SETGID))
        return -EPERM;
    if (size < 0 || size > NGROUPS_MAX)
        return -EINVAL;
    struct groups *groups = groups_make((u32)size);
    int err = groups ? read_groups(groups, list) : -ENOMEM;
    if (!err)
        return cred_set_groups(groups);
    if (groups)
        groups_put(groups);
    return err;
}
