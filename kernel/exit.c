/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of threads and processes. Each thread says farewell to who waits at its memory, and leaves:
 * it takes no more signals and uses nothing of the process any more. The last one to leave gives back
 * what the process had, while it can still sleep. The last one to be unlinked - another one, perhaps,
 * but after that - turns the process into a zombie under process_lock, finds the children a
 * new parent and tells its own one. From then on the parent may free the process on another cpu: all
 * that the thread still stands on is its own stack, which whoever runs next here takes away.
 */
#include <base/log.h>
#include <base/panic.h>
#include <kernel/exit.h>
#include <kernel/namespace.h>
#include <kernel/pid_ns.h>
#include <kernel/power.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <lib/errno.h>
#include <mm/uvm.h>

/* --- what is given back --- */

static void leave_uvm(struct thread *t)
{
    struct uvm *uvm = t->uvm;

    if (!uvm)
        return;
    sched_set_uvm(NULL);
    uvm_put(uvm);
}

static void note_peak(struct process *p)
{
    struct uvm_stats stats;

    if (!p->uvm)
        return;
    uvm_stats(p->uvm, &stats);
    p->dead.max_rss_pages = MAX(p->dead.max_rss_pages, stats.peak_resident);
}

/* Under process_lock, so that /proc finds things with a reference or not at all. */
static struct namespaces *forget(struct process *p)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct namespaces *namespaces = p->namespaces;

    p->uvm = NULL;
    p->namespaces = NULL;
    spin_unlock(&process_lock, flags);
    return namespaces;
}

/* What belongs to the process; its last thread, the current one, still holds the address space. */
static void give_back(struct process *p)
{
    itimer_stop(p);
    proc_parts_exit(current_thread());
    note_peak(p);
    namespaces_put(forget(p));
    sig_flush_process(p);
}

/* --- the family, under process_lock --- */

/* A group that loses its last link to the outside must not stay stopped for ever. */
static void group_orphaned(struct pgrp *group, struct process *without)
{
    struct process *p;
    bool any_stopped = false;

    if (!group || !pgrp_orphaned_without(group, without))
        return;
    list_for_each_entry (p, &group->members, pgrp_link)
        any_stopped |= p != without && READ_ONCE(p->sig.stopped);
    if (!any_stopped)
        return;
    list_for_each_entry (p, &group->members, pgrp_link) {
        sig_send_process(p, SIGHUP, NULL);
        sig_send_process(p, SIGCONT, NULL);
    }
    sig_note_group_send();
}

/* Whether `p` was what kept the group of its child (or its own group, by its parent) attached. */
static bool was_link(const struct process *parent, const struct process *p)
{
    return parent && parent->pgrp && p->pgrp && parent->pgrp != p->pgrp &&
           parent->pgrp->session == p->pgrp->session;
}

/* Who takes over the children of p: an ancestor that wants to, in its namespace, or the init of that. */
static struct process *guardian_of(const struct process *p)
{
    struct process *at = p->parent;

    for (; at && at->pid_ns == p->pid_ns; at = at->parent)
        if (at->subreaper || at == p->pid_ns->init)
            return at;
    return p->pid_ns->init;
}

static void adopt(struct process *child, struct process *old_parent, struct process *parent)
{
    bool linked = was_link(old_parent, child);

    list_remove(&child->sibling);
    child->parent = parent;
    WRITE_ONCE(child->ppid, pid_number(child->pid_ns, process_pid(parent)));
    list_push_back(&parent->children, &child->sibling);
    child->exit_signal = SIGCHLD;
    if (child->parent_death_signal)
        sig_send_process(child, child->parent_death_signal, NULL);
    if (child->state == PROCESS_ZOMBIE)
        process_tell_parent(child, 0);
    else if (linked)
        group_orphaned(child->pgrp, NULL);
}

static void orphan_children(struct process *p)
{
    struct process *child, *next;
    struct process *parent = list_empty(&p->children) ? NULL : guardian_of(p);

    list_for_each_entry_safe (child, next, &p->children, sibling)
        adopt(child, p, parent);
}

static void leave_family(struct process *p)
{
    struct session *session = p->pgrp->session;

    orphan_children(p);
    if (was_link(p->parent, p))
        group_orphaned(p->pgrp, p);
    if (session->leader == p)
        session->leader = NULL;
}

/* --- the end --- */

static void become_zombie(struct process *p)
{
    leave_family(p);
    if (p->pid_ns->init == p)
        p->pid_ns->init = NULL;
    p->state = PROCESS_ZOMBIE;
    p->exit_status = p->sig.exit_status;
    wake_all(&p->end_wait);
    process_tell_parent(p, 0); /* the parent may free it once the lock is released */
}

static void unlink_thread(struct process *p, struct thread *t)
{
    struct usage usage;
    irqflags_t flags = spin_lock(&process_lock);

    thread_usage(t, &usage);
    usage_add(&p->dead, &usage);
    process_unlink_thread(p, t);
    if (!p->thread_count)
        become_zombie(p);
    spin_unlock(&process_lock, flags);
}

static __noreturn void init_ended(int status)
{
    if (status & 0x7f)
        log_warn("init: killed by signal %d", status & 0x7f);
    else
        log_warn("init: ended with status %d", status >> 8);
    kernel_poweroff();
}

static __noreturn void end_thread(void)
{
    struct thread *t = current_thread();
    struct process *p = t->process;
    bool last;

    proc_parts_thread_exit(t);
    last = sig_leave(t);
    if (last && p == process_one)
        init_ended(p->sig.exit_status);
    if (last && p->pid_ns->init == p)
        pid_ns_zap(p->pid_ns);
    if (!last && READ_ONCE(p->sig.news))
        sig_upcalls.job_change(p);
    if (last)
        give_back(p);
    else
        proc_parts_end_thread(t);
    leave_uvm(t);
    if (last)
        process_release_vfork(p);
    unlink_thread(p, t);
    sched_exit();
}

void process_exit(int wait_status)
{
    struct process *p = current_process();

    if (p == process_one)
        init_ended(wait_status);
    if (p->thread_count > 1)
        sig_begin_exit(p, wait_status);
    else
        p->exit_status = wait_status;
    end_thread();
}

void process_exit_thread(int code)
{
    struct thread *t = current_thread();

    if (t->process->leader == t)
        t->process->exit_status = (code & 0xff) << 8;
    end_thread();
}

static void exit_by_signal(int wait_status)
{
    process_exit(wait_status);
}

static void exit_thread(void)
{
    end_thread();
}

/* What is new is looked at under process_lock, so that the parent hears of it in the right order. */
static void job_change(struct process *p)
{
    irqflags_t flags = spin_lock(&process_lock);
    int news = sig_take_news(p);

    if (news)
        process_tell_parent(p, news);
    spin_unlock(&process_lock, flags);
}

void exit_init(void)
{
    sig_upcalls = (struct sig_upcalls){.exit = exit_by_signal,
                                       .exit_thread = exit_thread,
                                       .job_change = job_change,
                                       .alarm_taken = itimer_alarm_taken};
}
