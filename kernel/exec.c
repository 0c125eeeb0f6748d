/* SPDX-License-Identifier: BSD-2-Clause */
/* The process's half of exec: from here on it runs another program. The loader is above. */
#include <abi/linux/signal.h>
#include <arch/context.h>
#include <base/panic.h>
#include <base/wait.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/uvm.h>

int process_set_name(struct process *p, int tid, const char *name)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *t = process_thread(p, tid);

    if (t)
        strlcpy(t->name, name, sizeof(t->name));
    if (t && t == p->leader)
        memcpy(p->comm, t->name, sizeof(p->comm));
    spin_unlock(&process_lock, flags);
    return t ? 0 : -ESRCH;
}

/* The others run no more once they are out of the list; a new one cannot come while `sole` is set. */
int process_exec_alone(void)
{
    struct process *p = current_process();

    if (!p->threaded)
        return 0;
    if (!sig_begin_exec(p))
        return -ERESTARTNOINTR;
    wait_event(&p->child_wait, READ_ONCE(p->thread_count) == 1);
    return sig_fatal_pending() ? -ERESTARTNOINTR : 0;
}

/*
 * What clone said of the ends of processes was about other programs: this one ends like any child, and what ends
 * below it sends it nothing that it, who may be another user's by now, did not ask for.
 */
static void forget_exit_signals(struct process *p)
{
    struct process *child;

    p->exit_signal = SIGCHLD;
    list_for_each_entry (child, &p->children, sibling)
        child->exit_signal = SIGCHLD;
}

/* Nobody may look into the new memory before it is known whose program that is (change_cred). */
static void change_uvm(struct process *p, struct uvm *uvm)
{
    struct uvm *old = current_thread()->uvm;
    irqflags_t flags = spin_lock(&process_lock);

    p->undumpable = true;
    p->uvm = uvm;
    p->execed = true;
    forget_exit_signals(p);
    spin_unlock(&process_lock, flags);
    sched_set_uvm(uvm);
    if (old)
        uvm_put(old);
}

static void forget_thread_state(struct thread *t)
{
    t->clear_child_tid = 0;
    t->set_child_tid = 0;
    t->robust_list = 0;
    arch_context_exec(&t->context);
}

/* Who was not what it acted as before, nobody may look into; commit says so of who becomes another now. */
static void change_cred(struct process *p, struct cred *cred, bool readable)
{
    const struct cred *old = current_cred();

    p->undumpable = old->user.real != old->user.effective ||
                    old->group.real != old->group.effective || !readable;
    cred_commit(cred);
}

void process_exec(struct uvm *uvm, struct cred *cred, bool readable, const char *comm)
{
    struct thread *t = current_thread();
    struct process *p = t->process;

    ASSERT(p->thread_count == 1);
    proc_parts_thread_exit(t);
    if (p->threaded)
        process_become_leader();
    p->threaded = false;
    change_uvm(p, uvm);
    change_cred(p, cred, readable);
    process_release_vfork(p);
    sig_exec();
    forget_thread_state(t);
    proc_parts_exec(p);
    process_set_name(p, t->tid, comm);
}
