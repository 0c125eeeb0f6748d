/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nice values. Each thread has its own; as on Linux, a pid stands for the process's first thread, and a
 * group for all threads of its processes.
 */
#include <abi/linux/resource.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <lib/errno.h>

static void apply(struct process *p, int (*fn)(struct thread *t, int nice), int *nice)
{
    struct thread *t;

    list_for_each_entry (t, &p->threads, process_link)
        *nice = fn(t, *nice);
}

/* Calls fn, with the result of the call before, for whom `which` and `who` mean. */
static int for_those(int which, int who, int (*fn)(struct thread *t, int nice), int *nice)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct pgrp *group;
    struct thread *t;
    struct process *p;
    int err = 0;

    if (which == PRIO_PROCESS) {
        t = who ? process_find_thread(who) : current_thread();
        if (t)
            *nice = fn(t, *nice);
        err = t ? 0 : -ESRCH;
    } else if (which == PRIO_PGRP) {
        group = who ? pgrp_find(pid_id(current_pid_ns(), who)) : current_process()->pgrp;
        err = group ? 0 : -ESRCH;
        if (group) {
            list_for_each_entry (p, &group->members, pgrp_link)
                apply(p, fn, nice);
        }
    } else {
        err = -EINVAL;
    }
    spin_unlock(&process_lock, flags);
    return err;
}

static int least(struct thread *t, int nice)
{
    return MIN(nice, (int)t->run.nice);
}

static int set(struct thread *t, int nice)
{
    sched_set_nice(t, nice);
    return nice;
}

int process_get_nice(int which, int who, int *nice)
{
    *nice = NICE_MAX;
    return for_those(which, who, least, nice);
}

int process_set_nice(int which, int who, int nice)
{
    nice = MAX(NICE_MIN, MIN(NICE_MAX, nice));
    return for_those(which, who, set, &nice);
}
