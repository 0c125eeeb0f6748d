/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nice values. Each thread has its own; as on Linux, a pid stands for the process's first thread, a
 * group or a user for all threads of their processes. Lock: process_lock.
 */
#include <abi/linux/resource.h>
#include <kernel/cred.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <lib/errno.h>

/* One call: it looks for the least nice value of all threads that are meant, or sets that of each. */
struct request {
    bool set;
    int nice;
    int err; /* -ESRCH as long as nobody was meant */
};

/* Whether the caller may make the thread so nice; who may not be less nice than that may be nicer. */
static int permit_nice(const struct thread *t, int nice)
{
    u64 limit = t->process->limit[RLIMIT_NICE].soft;
    int err = permit_schedule(t);

    if (err || nice >= t->run.nice || (u64)(NICE_MAX + 1 - nice) <= limit)
        return err;
    return caps_have(CAP_SYS_NICE) ? 0 : -EACCES;
}

static void visit(struct request *r, struct thread *t)
{
    int err = r->set ? permit_nice(t, r->nice) : 0;

    if (err || r->err == -ESRCH)
        r->err = err;
    if (!r->set)
        r->nice = MIN(r->nice, (int)t->run.nice);
    else if (!err)
        sched_set_nice(t, r->nice);
}

static void visit_all(struct request *r, struct process *p)
{
    struct thread *t;

    list_for_each_entry (t, &p->threads, process_link)
        visit(r, t);
}

static void visit_thread(struct request *r, int tid)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *t = tid ? process_find_thread(tid) : current_thread();

    if (t)
        visit(r, t);
    spin_unlock(&process_lock, flags);
}

static void visit_group(struct request *r, int id)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct pgrp *group = id ? pgrp_find(pid_id(current_pid_ns(), id)) : current_process()->pgrp;
    struct process *p;

    if (group) {
        list_for_each_entry (p, &group->members, pgrp_link)
            visit_all(r, p);
    }
    spin_unlock(&process_lock, flags);
}

/* All threads whose real user it is; 0: the caller's. */
static void visit_user(struct request *r, u32 user)
{
    struct process *p;

    if (!user)
        user = current_cred()->user.real;
    for (int pid = 0; (p = process_next_in(current_pid_ns(), &pid)); process_put(p)) {
        irqflags_t flags = spin_lock(&process_lock);
        if (p->cred->user.real == user)
            visit_all(r, p);
        spin_unlock(&process_lock, flags);
    }
}

static int visit_those(struct request *r, int which, int who)
{
    if (which == PRIO_PROCESS)
        visit_thread(r, who);
    else if (which == PRIO_PGRP)
        visit_group(r, who);
    else if (which == PRIO_USER)
        visit_user(r, (u32)who);
    else
        return -EINVAL;
    return r->err;
}

int process_get_nice(int which, int who, int *nice)
{
    struct request r = {.nice = NICE_MAX, .err = -ESRCH};
    int err = visit_those(&r, which, who);

    *nice = r.nice;
    return err;
}

int process_set_nice(int which, int who, int nice)
{
    struct request r = {.set = true, .nice = MAX(NICE_MIN, MIN(NICE_MAX, nice)), .err = -ESRCH};

    return visit_those(&r, which, who);
}
