/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Resource limits. What is obeyed, and where: AS, DATA, STACK and (for who lacks CAP_IPC_LOCK) MEMLOCK by the
 * address space, NOFILE by the descriptor table, CPU by itimer.c, SIGPENDING by the signal queues, NPROC by the
 * tables of processes and threads (but not for root, nor for who has CAP_SYS_RESOURCE or CAP_SYS_ADMIN); the others
 * are kept and shown. Lock: process_lock; one value of a limit is read without.
 */
#include <abi/linux/resource.h>
#include <kernel/caps.h>
#include <kernel/process.h>
#include <kernel/rlimit.h>
#include <lib/errno.h>
#include <mm/uvm.h>

static const struct rlimit first_limits[RLIMIT_COUNT] = {
    [RLIMIT_CPU] = {RLIMIT_NONE, RLIMIT_NONE},
    [RLIMIT_FSIZE] = {RLIMIT_NONE, RLIMIT_NONE},
    [RLIMIT_DATA] = {RLIMIT_NONE, RLIMIT_NONE},
    [RLIMIT_STACK] = {8 * MiB, RLIMIT_NONE},
    [RLIMIT_CORE] = {0, RLIMIT_NONE},
    [RLIMIT_RSS] = {RLIMIT_NONE, RLIMIT_NONE},
    [RLIMIT_NPROC] = {PID_MAX, PID_MAX},
    [RLIMIT_NOFILE] = {1024, 4096},
    [RLIMIT_MEMLOCK] = {8 * MiB, 8 * MiB},
    [RLIMIT_AS] = {RLIMIT_NONE, RLIMIT_NONE},
    [RLIMIT_LOCKS] = {RLIMIT_NONE, RLIMIT_NONE},
    [RLIMIT_SIGPENDING] = {1024, 1024},
    [RLIMIT_MSGQUEUE] = {819200, 819200},
    [RLIMIT_NICE] = {0, 0},
    [RLIMIT_RTPRIO] = {0, 0},
    [RLIMIT_RTTIME] = {RLIMIT_NONE, RLIMIT_NONE},
};
static_assert(RLIM_NLIMITS == RLIMIT_COUNT, "limits of the ABI");

void rlimit_init_process(struct process *p)
{
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        p->limit[i] = first_limits[i];
}

int rlimit_get(struct process *p, unsigned resource, struct rlimit *out)
{
    irqflags_t flags;

    if (resource >= RLIMIT_COUNT)
        return -EINVAL;
    flags = spin_lock(&process_lock);
    *out = p->limit[resource];
    spin_unlock(&process_lock, flags);
    return 0;
}

void rlimit_apply(struct uvm *uvm, bool may_lock)
{
    const struct rlimit *limit = current_process()->limit;
    struct uvm_limits limits = {
        .as = limit[RLIMIT_AS].soft,
        .data = limit[RLIMIT_DATA].soft,
        .stack = limit[RLIMIT_STACK].soft,
        .memlock = may_lock ? RLIMIT_NONE : limit[RLIMIT_MEMLOCK].soft,
    };

    uvm_set_limits(uvm, &limits);
}

int rlimit_set(unsigned resource, const struct rlimit *limit)
{
    struct process *p = current_process();
    irqflags_t flags;

    if (resource >= RLIMIT_COUNT || limit->soft > limit->hard)
        return -EINVAL;
    flags = spin_lock(&process_lock);
    bool allowed = limit->hard <= p->limit[resource].hard || caps_have(CAP_SYS_RESOURCE);
    if (allowed)
        p->limit[resource] = *limit;
    spin_unlock(&process_lock, flags);
    if (!allowed)
        return -EPERM;
    if (resource == RLIMIT_AS || resource == RLIMIT_DATA || resource == RLIMIT_STACK ||
        resource == RLIMIT_MEMLOCK)
        rlimit_apply(current_thread()->uvm, caps_have(CAP_IPC_LOCK));
    return 0;
}

u64 rlimit_current(unsigned resource)
{
    return current_process()->limit[resource].soft;
}
