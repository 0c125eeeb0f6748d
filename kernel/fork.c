/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making processes and threads: fork, vfork, clone and pid 1. Everything that can fail is done
 * before the child can be found; then it gets a pid or tid and runs.
 */
#include <abi/linux/sched.h>
#include <arch/context.h>
#include <arch/trap.h>
#include <base/atomic.h>
#include <base/wait.h>
#include <kernel/caps.h>
#include <kernel/cred.h>
#include <kernel/namespace.h>
#include <kernel/oom.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

/* What says how a thread begins, or means nothing here. */
#define COMMON_FLAGS                                                                            \
    (CLONE_PTRACE | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | \
     CLONE_CHILD_SETTID | CLONE_DETACHED | CLONE_UNTRACED | CLONE_PARENT)

/* A new process may share these with its parent. */
#define PROCESS_FLAGS                                                               \
    (COMMON_FLAGS | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_VFORK | CLONE_PIDFD | \
     CLONE_CLEAR_SIGHAND)

/* The threads of a process share all of these: they belong to it and not to them. The others are as asked for. */
#define THREAD_SHARES (CLONE_THREAD | CLONE_VM | CLONE_SIGHAND)
#define THREAD_FLAGS  (THREAD_SHARES | COMMON_FLAGS | CLONE_FS | CLONE_FILES)

/* The child's first steps, in its own address space. */
static void child_entry(void *arg)
{
    struct thread *t = current_thread();

    (void)arg;
    sched_begin();
    if (t->set_child_tid)
        user_store32(t->set_child_tid,
                     (u32)t->tid); /* as on Linux, a bad address is the child's loss */
    arch_enter_user(t->user_frame);
}

/* A user thread of `p`, not linked in yet. */
static struct thread *make_thread(struct process *p, const char *name, void (*entry)(void *arg),
                                  void *arg)
{
    struct thread *t = thread_alloc(name, entry, arg);

    if (!t)
        return NULL;
    t->process = p;
    t->user_frame = arch_user_frame(t->stack.top);
    arch_context_set_frame(&t->context, t->user_frame);
    return t;
}

static struct thread *copy_thread(struct process *child, const struct fork_args *args,
                                  const struct trap_frame *tf)
{
    struct thread *self = current_thread();
    struct thread *t = make_thread(child, self->name, child_entry, NULL);

    if (!t)
        return NULL;
    t->affinity = self->affinity;
    *t->user_frame = *tf;
    arch_context_fork(&t->context, &self->context);
    tf_set_result(t->user_frame, 0);
    tf_clear_syscall(t->user_frame);
    if (args->stack)
        tf_set_sp(t->user_frame, args->stack);
    if (args->flags & CLONE_SETTLS)
        tf_set_tls(t->user_frame, args->tls);
    if (args->flags & CLONE_CHILD_SETTID)
        t->set_child_tid = args->child_tid;
    if (args->flags & CLONE_CHILD_CLEARTID)
        t->clear_child_tid = args->child_tid;
    sig_init_thread(t, self->sig.blocked);
    if ((args->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM)
        t->sig.altstack = self->sig.altstack;
    t->check_at = child->cpu_limits ? 0 : THREAD_UNCHECKED;
    return t;
}

static int copy_memory(struct process *child, struct thread *t, u64 flags)
{
    struct uvm *uvm = current_thread()->uvm;
    int err;

    if (flags & CLONE_VM) {
        uvm_get(uvm);
    } else {
        err = uvm_fork(uvm, &uvm);
        if (err)
            return err;
    }
    child->uvm = t->uvm = uvm;
    return 0;
}

static void discard(struct process *child, struct thread *t)
{
    if (t && t->uvm)
        uvm_put(t->uvm);
    if (t)
        thread_free(t);
    process_put(child);
}

static const struct pid_wish *wish_of(const struct fork_args *args)
{
    return args->wish.count ? &args->wish : NULL;
}

/* With CLONE_PARENT a sibling. Under process_lock. */
static void join_family(struct process *child, struct process *self, u64 flags)
{
    struct process *parent = flags & CLONE_PARENT ? self->parent : self;

    if (flags & CLONE_PARENT)
        child->exit_signal = self->exit_signal;
    child->parent = parent;
    child->ppid = pid_number(child->pid_ns, process_pid(parent));
    list_push_back(&parent->children, &child->sibling);
    pgrp_join(self->pgrp, child);
}

/*
 * Puts the child into the table and beside its siblings. A signal for the whole group (^C) that has
 * come meanwhile must not miss the child: the fork is then made again after it. Not for any signal,
 * or a program with a fast alarm would never come to the end of it. Whose group it was nobody knows:
 * the call is repeated by the delivery of signals, which has to be asked for where none is pending.
 */
static int link_child(struct process *child, struct thread *t, const struct fork_args *args)
{
    struct process *self = current_process();
    irqflags_t flags = spin_lock(&process_lock);
    bool again = args->group_sends != sig_group_sends || sig_fatal_pending();
    int pid = again ? -ERESTARTNOINTR : process_link(child, t, wish_of(args));

    if (pid > 0) {
        join_family(child, self, args->flags);
        pid = pid_number(self->pid_ns, pid);
    }
    spin_unlock(&process_lock, flags);
    if (again)
        sched_set_work(current_thread(), THREAD_WORK_SIGNAL, false);
    return pid;
}

/*
 * Until the child has called exec or ended, or the caller is to die. The queue is the caller's own, which a fatal
 * signal wakes, and not that of the child's parent, who may be another one (CLONE_PARENT).
 */
static void wait_for_vfork(struct process *child)
{
    irqflags_t flags;

    wait_event(&current_process()->child_wait,
               !READ_ONCE(child->vfork_caller) || sig_fatal_pending());
    if (!READ_ONCE(child->vfork_caller))
        return;
    flags = spin_lock(&process_lock);
    child->vfork_caller = NULL;
    spin_unlock(&process_lock, flags);
}

static int start_child(struct process *child, struct thread *t, const struct fork_args *args)
{
    int pid = link_child(child, t, args);

    if (pid < 0)
        return pid;
    if (args->flags & CLONE_PARENT_SETTID)
        user_store32(args->parent_tid, (u32)pid);
    /* For vfork the caller looks at the child after that may have ended. */
    process_get(child);
    if (args->born)
        args->born(child, args->born_arg);
    sched_start_thread(t);
    if (args->flags & CLONE_VFORK)
        wait_for_vfork(child);
    process_put(child);
    return pid;
}

/* Its namespaces, of which that for pids is the one that it will live in. */
static int join_namespaces(struct process *child, const struct fork_args *args)
{
    int err = namespaces_fork(current_process(), child, args->flags);

    if (err)
        return err;
    child->pid_ns = pid_ns_of(child->namespaces->ns[NS_PID]);
    pid_ns_get(child->pid_ns);
    return 0;
}

static int fill_child(struct process *child, struct thread *t, const struct fork_args *args)
{
    int err = copy_memory(child, t, args->flags);

    if (err)
        return err;
    child->exit_signal = args->exit_signal;
    child->vfork_caller = args->flags & CLONE_VFORK ? current_process() : NULL;
    child->start_ns = time_now_ns();
    if (args->flags & CLONE_CLEAR_SIGHAND)
        sig_forget_handlers(child);
    err = join_namespaces(child, args);
    if (!err)
        err = proc_parts_fork(current_process(), t, args->flags);
    if (err)
        namespaces_put(child->namespaces);
    return err;
}

static int fork_process(const struct fork_args *args, struct trap_frame *tf)
{
    struct process *child;
    struct thread *t;
    int pid;

    child = process_alloc(current_process());
    if (!child)
        return -ENOMEM;
    t = copy_thread(child, args, tf);
    pid = t ? fill_child(child, t, args) : -ENOMEM;
    if (pid) {
        discard(child, t);
        return pid;
    }
    pid = start_child(child, t, args);
    if (pid < 0) {
        proc_parts_exit(t);
        namespaces_put(child->namespaces);
        discard(child, t);
    }
    return pid;
}

/* --- threads --- */

static int link_thread(struct process *p, struct thread *t, const struct pid_wish *wish)
{
    irqflags_t flags = spin_lock(&process_lock);
    int id = process_link_thread(p, t, wish);

    if (id > 0) {
        WRITE_ONCE(p->threaded, true);
        if (p->cpu_limits) /* whoever has set one since copy_thread() has not found this thread */
            t->check_at = 0;
    }
    spin_unlock(&process_lock, flags);
    return id < 0 ? id : t->tid;
}

/* A thread of the current process that nobody can find yet; NULL: no memory. */
static struct thread *new_thread(const struct fork_args *args, struct trap_frame *tf)
{
    struct thread *t = copy_thread(current_process(), args, tf);

    if (!t)
        return NULL;
    if (proc_parts_fork_thread(t, args->flags)) {
        thread_free(t);
        return NULL;
    }
    t->uvm = current_thread()->uvm;
    uvm_get(t->uvm);
    return t;
}

static void discard_thread(struct thread *t)
{
    proc_parts_end_thread(t);
    uvm_put(t->uvm);
    thread_free(t);
}

static int fork_thread(const struct fork_args *args, struct trap_frame *tf)
{
    struct thread *t = new_thread(args, tf);
    int tid = t ? link_thread(current_process(), t, wish_of(args)) : -ENOMEM;

    if (tid < 0) {
        if (t)
            discard_thread(t);
        return tid;
    }
    if (args->flags & CLONE_PARENT_SETTID)
        user_store32(args->parent_tid, (u32)tid);
    sched_start_thread(t);
    return tid;
}

/* What cannot be shared and new at the same time: what names paths, and what undoes semaphores. */
static bool clash(u64 flags)
{
    return ((flags & CLONE_NEWNS) && (flags & CLONE_FS)) ||
           ((flags & CLONE_NEWIPC) && (flags & CLONE_SYSVSEM));
}

/* Threads live where their process does; who reaps for a whole namespace has no siblings. */
static int check_family(const struct fork_args *args)
{
    const struct process *p = current_process();
    bool elsewhere = pid_ns_of(current_ns(NS_PID)) != p->pid_ns;

    if ((args->flags & CLONE_PARENT) && p->sig.unkillable)
        return -EINVAL;
    if ((args->flags & CLONE_THREAD) && elsewhere)
        return -EINVAL;
    return 0;
}

int process_fork(struct fork_args *args, struct trap_frame *tf)
{
    bool thread = args->flags & CLONE_THREAD;
    int err;

    if (thread &&
        ((args->flags & THREAD_SHARES) != THREAD_SHARES || (args->flags & ~(u64)THREAD_FLAGS)))
        return -EINVAL;
    if (clash(args->flags))
        return -EINVAL;
    if (!thread && ((args->flags & ~(PROCESS_FLAGS | ns_flags())) || args->exit_signal < 0 ||
                    args->exit_signal > NSIG))
        return -EINVAL;
    err = check_family(args);
    if (err)
        return err;
    args->group_sends = atomic_load_acquire(&sig_group_sends);
    if (sig_pending(current_thread()))
        return -ERESTARTNOINTR;
    return thread ? fork_thread(args, tf) : fork_process(args, tf);
}

/* --- pid 1 --- */

static void first_entry(void *arg)
{
    void (*start)(struct trap_frame * tf) = arg;
    struct trap_frame *tf = current_thread()->user_frame;

    sched_begin();
    tf_init_user(tf, 0, 0);
    start(tf);
    arch_enter_user(tf);
}

static int link_first(struct process *p, struct thread *t)
{
    irqflags_t flags = spin_lock(&process_lock);
    int err = process_link(p, t, NULL);

    if (err > 0)
        err = session_create(p);
    process_one = p;
    spin_unlock(&process_lock, flags);
    return err;
}

int process_start_init(void (*start)(struct trap_frame *tf))
{
    struct process *p = process_alloc(NULL);
    struct thread *t;
    int err;

    if (!p)
        return -ENOMEM;
    rlimit_init_process(p);
    p->cred = cred_get(&cred_root);
    oom_set_adj(p, OOM_ADJ_MIN);
    p->exit_signal = SIGCHLD;
    p->start_ns = time_now_ns();
    memcpy(p->comm, "init", sizeof("init"));
    t = make_thread(p, p->comm, first_entry, (void *)start);
    err = t ? namespaces_fork(NULL, p, 0) : -ENOMEM;
    if (!err)
        err = proc_parts_fork(NULL, t, 0);
    if (!err) {
        sig_init_thread(t, 0);
        err = link_first(p, t);
    }
    if (!err)
        sched_start_thread(t);
    return err;
}
