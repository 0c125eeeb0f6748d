/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a PID namespace: its init ends, and takes all with it. Those who live in it or below are
 * killed; its own children it reaps, those whose parent is outside that one has to. It waits for all, so
 * that whoever waits for it knows that they are gone. Lock: process_lock.
 */
#include <abi/linux/signal.h>
#include <base/wait.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/signal.h>

static void close_ns(struct pid_ns *ns)
{
    irqflags_t flags = spin_lock(&process_lock);

    ns->closed = true;
    spin_unlock(&process_lock, flags);
}

/* Who is in the middle of a fork has either put the child into the tables, or will be refused. */
static void kill_all(const struct pid_ns *ns)
{
    struct process *p;

    for (int pid = 0; (p = process_next_in(ns, &pid)); process_put(p))
        if (p != current_process())
            sig_begin_exit(p, SIGKILL);
}

/* Reaps what there is to reap: true when nobody else is left. */
static bool all_gone(const struct pid_ns *ns)
{
    struct process *child, *next;
    irqflags_t flags = spin_lock(&process_lock);
    bool gone;

    list_for_each_entry_safe (child, next, &current_process()->children, sibling)
        if (child->state == PROCESS_ZOMBIE)
            process_reap(child);
    gone = ns->processes == 1;
    spin_unlock(&process_lock, flags);
    return gone;
}

void pid_ns_zap(struct pid_ns *ns)
{
    close_ns(ns);
    kill_all(ns);
    wait_event(&current_process()->child_wait, all_gone(ns));
}
