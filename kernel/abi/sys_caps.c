/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities, and the part of personality(2) that programs use. */
#include "syscall.h"

#include <abi/linux/capability.h>
#include <abi/linux/personality.h>
#include <kernel/caps.h>
#include <kernel/cred.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/rlimit.h>
#include <kernel/sched.h>
#include <mm/usercopy.h>

/*
 * Reads the header and says how many words a set has. -EINVAL for a version that is unknown: the
 * newest one is written into the header, which is how programs ask for it.
 */
static int read_header(vaddr_t addr, struct linux_cap_header *header, unsigned *words)
{
    const u32 newest = LINUX_CAPABILITY_VERSION_3;

    if (copyin_obj(header, addr))
        return -EFAULT;
    switch (header->version) {
    case LINUX_CAPABILITY_VERSION_1:
        *words = 1;
        return 0;
    case LINUX_CAPABILITY_VERSION_2:
    case LINUX_CAPABILITY_VERSION_3:
        *words = 2;
        return 0;
    default:
        return copyout_obj(addr, &newest) ? -EFAULT : -EINVAL;
    }
}

/* What the process calls the thread that the caller calls `tid`. */
static int own_tid(const struct process *p, int tid)
{
    irqflags_t flags = spin_lock(&process_lock);
    int own = pid_number(p->pid_ns, pid_id(current_pid_ns(), tid));

    spin_unlock(&process_lock, flags);
    return own;
}

/* The capabilities of a thread, or with 0 of the caller. */
static int caps_of(int tid, struct caps *out)
{
    struct process *p;

    if (tid <= 0) {
        *out = current_cred()->caps;
        return tid ? -EINVAL : 0;
    }
    p = process_find(tid);
    if (!p)
        return -ESRCH;
    struct cred *cred = cred_of_process(p, own_tid(p, tid));
    *out = cred->caps;
    cred_put(cred);
    process_put(p);
    return 0;
}

SYSCALL2(capget, vaddr_t, header_at, vaddr_t, to)
{
    struct linux_cap_header header;
    struct linux_cap_data data[2];
    struct caps caps;
    unsigned words;
    int err = read_header(header_at, &header, &words);

    if (err || !to)
        return err == -EINVAL && !to ? 0 : err;
    err = caps_of(header.pid, &caps);
    if (err)
        return err;
    for (unsigned i = 0; i < words; i++)
        data[i] = (struct linux_cap_data){.effective = (u32)(caps.effective >> (32 * i)),
                                          .permitted = (u32)(caps.permitted >> (32 * i)),
                                          .inheritable = (u32)(caps.inheritable >> (32 * i))};
    return copyout(to, data, words * sizeof(data[0])) ? -EFAULT : 0;
}

SYSCALL2(capset, vaddr_t, header_at, vaddr_t, from)
{
    struct linux_cap_header header;
    struct linux_cap_data data[2] = {0};
    unsigned words;
    int err = read_header(header_at, &header, &words);

    if (err)
        return err;
    if (header.pid && header.pid != current_thread()->tid)
        return -EPERM;
    if (copyin(data, from, words * sizeof(data[0])))
        return -EFAULT;
    const struct caps caps = {
        .effective = (data[0].effective | (u64)data[1].effective << 32) & CAPS_ALL,
        .permitted = (data[0].permitted | (u64)data[1].permitted << 32) & CAPS_ALL,
        .inheritable = (data[0].inheritable | (u64)data[1].inheritable << 32) & CAPS_ALL};
    int denied = caps_set(&caps);
    if (!denied)
        rlimit_apply(current_thread()->uvm, caps_have(CAP_IPC_LOCK));
    return denied;
}

/* Linux's own kind of program is the only one; addresses that stay the same can be had. */
SYSCALL1(personality, u32, persona)
{
    struct process *p = current_process();
    u32 old = p->personality;

    if (persona == PERSONALITY_QUERY)
        return (long)old;
    if (persona & ~ADDR_NO_RANDOMIZE)
        return -EINVAL;
    p->personality = persona;
    return (long)old;
}
