/* SPDX-License-Identifier: BSD-2-Clause */
/* The process's half of exec: from here on it runs another program. The loader is above. */
#include <arch/context.h>
#include <base/panic.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <lib/string.h>
#include <mm/uvm.h>

void process_set_name(struct process *p, const char *comm)
{
    struct thread *t;
    irqflags_t flags = spin_lock(&process_lock);

    strlcpy(p->comm, comm, sizeof(p->comm));
    t = process_first_thread(p);
    if (t)
        memcpy(t->name, p->comm, sizeof(t->name));
    spin_unlock(&process_lock, flags);
}

static void change_uvm(struct process *p, struct uvm *uvm)
{
    struct uvm *old = current_thread()->uvm;
    irqflags_t flags = spin_lock(&process_lock);

    p->uvm = uvm;
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
    t->robust_list_len = 0;
    arch_context_exec(&t->context);
}

void process_exec(struct uvm *uvm, vaddr_t sigcode, const char *comm)
{
    struct thread *t = current_thread();
    struct process *p = t->process;

    ASSERT(p->thread_count == 1);
    change_uvm(p, uvm);
    process_release_vfork(p);
    sig_exec();
    forget_thread_state(t);
    proc_parts_exec(p);
    process_set_name(p, comm);
    p->sigcode = sigcode;
    p->execed = true;
}
