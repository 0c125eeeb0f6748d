/* SPDX-License-Identifier: BSD-2-Clause */
/* Who runs when and where. There is one scheduling class, SCHED_OTHER, with nice values. */
#include "args.h"
#include "syscall.h"

#include <abi/linux/sched.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <mm/usercopy.h>

SYSCALL0(sched_yield)
{
    sched_yield();
    return 0;
}

/* These calls name a process; 0 is the caller. */
static int check_pid(int pid)
{
    struct process *p;

    if (pid < 0)
        return -EINVAL;
    if (pid == 0)
        return 0;
    p = process_find(pid);
    if (!p)
        return -ESRCH;
    process_put(p);
    return 0;
}

/* SCHED_OTHER has the one priority 0. */
static int check_parameter(vaddr_t addr)
{
    s32 priority;
    int err = copyin_obj(&priority, addr);

    return err ? err : priority ? -EINVAL : 0;
}

SYSCALL2(sched_setparam, int, pid, vaddr_t, parameter)
{
    int err = check_pid(pid);

    return err ? err : check_parameter(parameter);
}

SYSCALL2(sched_getparam, int, pid, vaddr_t, parameter)
{
    s32 priority = 0;
    int err = check_pid(pid);

    return err ? err : copyout_obj(parameter, &priority);
}

SYSCALL3(sched_setscheduler, int, pid, int, policy, vaddr_t, parameter)
{
    int err = check_pid(pid);

    if (!err)
        err = check_parameter(parameter);
    if (err)
        return err;
    return (policy & ~SCHED_RESET_ON_FORK) == SCHED_OTHER ? 0 : -EINVAL;
}

SYSCALL1(sched_getscheduler, int, pid)
{
    int err = check_pid(pid);

    return err ? err : SCHED_OTHER;
}

/* What a class would allow on Linux, which is a range for the real-time ones alone; only SCHED_OTHER can be had. */
static int priority_end(int policy, int real_time)
{
    switch (policy) {
    case SCHED_FIFO:
    case SCHED_RR:
        return real_time;
    case SCHED_OTHER:
    case SCHED_BATCH:
    case SCHED_IDLE:
    case SCHED_DEADLINE:
        return 0;
    default:
        return -EINVAL;
    }
}

SYSCALL1(sched_get_priority_max, int, policy)
{
    return priority_end(policy, 99);
}

SYSCALL1(sched_get_priority_min, int, policy)
{
    return priority_end(policy, 1);
}

SYSCALL2(sched_rr_get_interval, int, pid, vaddr_t, to)
{
    int err = check_pid(pid);

    return err ? err : args_put_timespec(to, sched_slice_ns());
}

/* These two name a thread; 0 is the caller. The thread lives as long as process_lock is held. */
static struct thread *thread_of(int pid)
{
    return pid ? process_find_thread(pid) : current_thread();
}

/* A mask shorter than ours is fine, what it lacks is 0; what is beyond ours is ignored. */
SYSCALL3(sched_setaffinity, int, pid, u32, len, vaddr_t, mask)
{
    u64 cpus = 0;
    struct thread *t;
    irqflags_t flags;
    int err;

    if (copyin(&cpus, mask, MIN((size_t)len, sizeof(cpus))))
        return -EFAULT;
    flags = spin_lock(&process_lock);
    t = thread_of(pid);
    err = t ? permit_schedule(t) : -ESRCH;
    if (!err)
        err = sched_set_affinity(t, cpus);
    spin_unlock(&process_lock, flags);
    return err;
}

/* Returns the size of the kernel's mask, as the C libraries expect. */
SYSCALL3(sched_getaffinity, int, pid, u32, len, vaddr_t, mask)
{
    u64 cpus = 0;
    struct thread *t;
    irqflags_t flags;

    if (len < sizeof(cpus) || len % sizeof(cpus))
        return -EINVAL;
    flags = spin_lock(&process_lock);
    t = thread_of(pid);
    if (t)
        cpus = t->affinity & cpu_online_set();
    spin_unlock(&process_lock, flags);
    if (!t)
        return -ESRCH;
    return copyout_obj(mask, &cpus) ? -EFAULT : (long)sizeof(cpus);
}

SYSCALL2(getcpu, vaddr_t, cpu, vaddr_t, node)
{
    u32 id = cpu_id();
    u32 zero = 0;

    if (cpu && copyout_obj(cpu, &id))
        return -EFAULT;
    return node && copyout_obj(node, &zero) ? -EFAULT : 0;
}
