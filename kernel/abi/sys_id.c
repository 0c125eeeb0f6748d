/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Users and groups. Every program is root and stays so: asking for that succeeds, anything else
 * is refused, since a program that believes it has dropped its rights would be deceived.
 */
#include "syscall.h"

#include <abi/linux/limits.h>
#include <mm/usercopy.h>

#define KEEP (~0u) /* -1: leave this id alone */

static long become(u32 id)
{
    return id == 0 ? 0 : id == KEEP ? -EINVAL : -EPERM;
}

static long become_each(u32 a, u32 b, u32 c)
{
    return (a == 0 || a == KEEP) && (b == 0 || b == KEEP) && (c == 0 || c == KEEP) ? 0 : -EPERM;
}

SYSCALL0(getuid)
{
    return 0;
}

SYSCALL0(geteuid)
{
    return 0;
}

SYSCALL0(getgid)
{
    return 0;
}

SYSCALL0(getegid)
{
    return 0;
}

SYSCALL1(setuid, u32, id)
{
    return become(id);
}

SYSCALL1(setgid, u32, id)
{
    return become(id);
}

SYSCALL2(setreuid, u32, real, u32, effective)
{
    return become_each(real, effective, KEEP);
}

SYSCALL2(setregid, u32, real, u32, effective)
{
    return become_each(real, effective, KEEP);
}

SYSCALL3(setresuid, u32, real, u32, effective, u32, saved)
{
    return become_each(real, effective, saved);
}

SYSCALL3(setresgid, u32, real, u32, effective, u32, saved)
{
    return become_each(real, effective, saved);
}

static long put_ids(vaddr_t real, vaddr_t effective, vaddr_t saved)
{
    u32 root = 0;

    if (copyout_obj(real, &root) || copyout_obj(effective, &root) || copyout_obj(saved, &root))
        return -EFAULT;
    return 0;
}

SYSCALL3(getresuid, vaddr_t, real, vaddr_t, effective, vaddr_t, saved)
{
    return put_ids(real, effective, saved);
}

SYSCALL3(getresgid, vaddr_t, real, vaddr_t, effective, vaddr_t, saved)
{
    return put_ids(real, effective, saved);
}

/* These two return the id before the call, whether it changed or not. */
SYSCALL1(setfsuid, u32, id)
{
    (void)id;
    return 0;
}

SYSCALL1(setfsgid, u32, id)
{
    (void)id;
    return 0;
}

/* One supplementary group: root's own. */
SYSCALL2(getgroups, int, size, vaddr_t, list)
{
    u32 root = 0;

    if (size < 0)
        return -EINVAL;
    if (size > 0 && copyout_obj(list, &root))
        return -EFAULT;
    return 1;
}

SYSCALL2(setgroups, int, size, vaddr_t, list)
{
    if (size < 0 || size > NGROUPS_MAX)
        return -EINVAL;
    for (int i = 0; i < size; i++) {
        u32 group;

        if (copyin_obj(&group, list + (u64)i * sizeof(group)))
            return -EFAULT;
        if (group != 0)
            return -EPERM;
    }
    return 0;
}
