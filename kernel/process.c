/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process table: which processes there are, how one finds and keeps them, and the parts that
 * the layers above hang onto them. See <kernel/process.h> for the locks.
 */
#include <abi/linux/resource.h>
#include <base/atomic.h>
#include <base/panic.h>
#include <kernel/caps.h>
#include <kernel/cred.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>
#include <mm/uvm.h>

struct spinlock process_lock = SPINLOCK_INIT("processes");
struct process *process_one;

struct id_tree process_groups;
struct id_tree process_sessions;
static struct id_tree processes;
static struct id_tree threads; /* by tid, those that do not lead their process */
static u32 thread_count;
static const struct proc_part *parts[PROC_PARTS];

static SLAB_CACHE(process_cache, "process", sizeof(struct process), 8);

/* --- parts --- */

void proc_part_register(enum proc_part_slot slot, const struct proc_part *part)
{
    ASSERT(!parts[slot] && !process_one);
    parts[slot] = part;
}

/* Gives back the first `count` parts of a thread, and those of its process if that ends with it. */
static void undo_parts(struct thread *t, unsigned count, bool whole)
{
    while (count-- > 0) {
        const struct proc_part *part = parts[count];

        if (part && part->thread_end)
            part->thread_end(t);
        else if (part && part->exit && whole)
            part->exit(t->process);
    }
}

static int fork_part(const struct proc_part *part, struct process *parent, struct thread *child,
                     u64 clone_flags)
{
    if (part && part->fork)
        return part->fork(parent, child->process, clone_flags);
    return part && part->thread_fork ? part->thread_fork(child, clone_flags) : 0;
}

int proc_parts_fork(struct process *parent, struct thread *child, u64 clone_flags)
{
    int err = 0;

    for (unsigned i = 0; i < PROC_PARTS && !err; i++) {
        err = fork_part(parts[i], parent, child, clone_flags);
        if (err)
            undo_parts(child, i, true);
    }
    return err;
}

int proc_parts_fork_thread(struct thread *child, u64 clone_flags)
{
    int err = 0;

    for (unsigned i = 0; i < THREAD_PARTS && !err; i++) {
        err = parts[i] ? parts[i]->thread_fork(child, clone_flags) : 0;
        if (err)
            undo_parts(child, i, false);
    }
    return err;
}

void proc_parts_exit(struct thread *t)
{
    undo_parts(t, PROC_PARTS, true);
}

void proc_parts_end_thread(struct thread *t)
{
    undo_parts(t, THREAD_PARTS, false);
}

int proc_part_unshare(enum proc_part_slot slot)
{
    return parts[slot]->unshare();
}

void proc_parts_thread_exit(struct thread *t)
{
    for (unsigned i = 0; i < PROC_PARTS; i++) {
        if (parts[i] && parts[i]->thread_exit)
            parts[i]->thread_exit(t);
    }
}

u64 proc_parts_pages(struct thread *t)
{
    u64 pages = 0;

    for (unsigned i = 0; i < PROC_PARTS; i++) {
        if (parts[i] && parts[i]->pages)
            pages += parts[i]->pages(t);
    }
    return pages;
}

void proc_parts_exec(struct process *p)
{
    for (unsigned i = 0; i < PROC_PARTS; i++) {
        if (parts[i] && parts[i]->exec)
            parts[i]->exec(p);
    }
}

/* --- making --- */

/* What a child has from its parent, whose other threads may be changing it. */
static void inherit(struct process *p, struct process *parent)
{
    irqflags_t flags = spin_lock(&process_lock);

    memcpy(p->comm, current_thread()->name, sizeof(p->comm));
    memcpy(p->limit, parent->limit, sizeof(p->limit));
    p->cred = cred_get(current_thread()->real_cred);
    p->undumpable = parent->undumpable;
    p->personality = parent->personality;
    if (parent != process_one) { /* what protects pid 1 is its own */
        p->oom_score_adj = parent->oom_score_adj;
        p->oom_score_adj_min = parent->oom_score_adj_min;
    }
    spin_unlock(&process_lock, flags);
    p->cpu_limits = p->limit[RLIMIT_CPU].soft != RLIMIT_NONE;
}

struct process *process_alloc(struct process *parent)
{
    struct process *p = slab_zalloc(&process_cache);

    if (!p)
        return NULL;
    p->refs = 1;
    p->pid_ns = &pid_ns_root;
    list_init(&p->children);
    list_init(&p->sibling);
    list_init(&p->threads);
    list_init(&p->pgrp_link);
    list_init(&p->cpu_alarms);
    wait_queue_init(&p->child_wait, "children");
    wait_queue_init(&p->end_wait, "process end");
    if (parent ? sig_fork(parent, p) : sig_init_process(p)) {
        slab_free(&process_cache, p);
        return NULL;
    }
    if (parent)
        inherit(p, parent);
    return p;
}

/* --- ids --- */

static bool is_used(const struct pid_ns *root, int id)
{
    (void)root;
    return id_find(&processes, id) || id_find(&threads, id) || id_find(&process_groups, id) ||
           id_find(&process_sessions, id);
}

void process_release_id(int id)
{
    if (unlikely(pid_numbered.count) && !is_used(&pid_ns_root, id))
        pid_release_numbers(id);
}

static struct process *process_of(struct id_node *node)
{
    return node ? container_of(node, struct process, node) : NULL;
}

/* Threads of p whose real user that is; the first one counts until it has been waited for. */
static u32 threads_of_user(const struct process *p, u32 user)
{
    u32 count = p->cred->user.real == user;
    const struct thread *t;

    list_for_each_entry (t, &p->threads, process_link)
        count += t != p->leader && t->real_cred->user.real == user;
    return count;
}

static u64 count_threads_of_user(u32 user)
{
    const struct process *p = NULL;
    u64 count = 0;

    while ((p = process_of(id_next(&processes, p ? process_pid(p) : 0))))
        count += threads_of_user(p, user);
    return count;
}

/*
 * Whether the caller's user has as many threads as RLIMIT_NPROC allows a new one of p. They are counted only
 * where all users' together reach the limit, which the default never lets them.
 */
static bool has_too_many(const struct process *p)
{
    u64 limit = p->limit[RLIMIT_NPROC].soft;
    u32 user = current_cred()->user.real;

    if (likely(thread_count < limit) || !user || caps_have(CAP_SYS_RESOURCE) ||
        caps_have(CAP_SYS_ADMIN))
        return false;
    return count_threads_of_user(user) >= limit;
}

/* For a new thread of p. */
static int find_id(const struct process *p, const struct pid_wish *wish)
{
    int wished = pid_wished(wish, p->pid_ns, 0);

    if (has_too_many(p))
        return -EAGAIN;
    if (!wished)
        return pid_next_number(&pid_ns_root, is_used);
    return is_used(&pid_ns_root, wished) ? -EEXIST : wished;
}

/* Names the thread: its id, or an error. */
static int give_id(struct process *p, struct thread *t, const struct pid_wish *wish)
{
    bool simple = p->pid_ns == &pid_ns_root && !wish;
    int err = simple ? 0 : pid_may_be_born(p->pid_ns, wish);
    int id = err ? err : find_id(p, wish);

    t->tid = id;
    if (id > 0 && p->pid_ns != &pid_ns_root)
        t->tid = pid_give_numbers(p->pid_ns, id, wish);
    if (t->tid < 0)
        return t->tid;
    return t->id.id = id;
}

/* The first one of a namespace is its init. */
static void join_pid_ns(struct process *p)
{
    struct pid_ns *ns = p->pid_ns;

    if (!ns->init) {
        ns->init = p;
        p->sig.unkillable = true;
    }
    for (; ns->level; ns = ns->parent)
        ns->processes++;
}

/* An init that ends waits until it is the last. */
static void leave_pid_ns(struct process *p)
{
    for (struct pid_ns *ns = p->pid_ns; ns->level; ns = ns->parent) {
        ns->processes--;
        if (ns->closed && ns->init)
            wake_all(&ns->init->child_wait);
    }
}

int process_link(struct process *p, struct thread *t, const struct pid_wish *wish)
{
    int pid = give_id(p, t, wish);

    if (pid < 0)
        return pid;
    p->node.id = pid;
    p->own_pid = t->tid;
    id_insert(&processes, &p->node);
    list_push_back(&p->threads, &t->process_link);
    p->leader = t;
    p->thread_count = 1;
    p->sig.takers = 1;
    thread_count++;
    join_pid_ns(p);
    return pid;
}

int process_link_thread(struct process *p, struct thread *t, const struct pid_wish *wish)
{
    int tid = give_id(p, t, wish);

    if (tid < 0)
        return tid;
    if (!sig_add_thread(p, t)) {
        process_release_id(tid);
        return -ERESTARTNOINTR;
    }
    id_insert(&threads, &t->id);
    thread_count++;
    return tid;
}

/* A leader's tid stays, as the pid; it is counted until that is free. */
static void forget_tid(struct process *p, struct thread *t)
{
    if (t == p->leader) {
        p->leader = NULL;
        return;
    }
    id_remove(&threads, &t->id);
    thread_count--;
    process_release_id(t->id.id);
}

void process_unlink_thread(struct process *p, struct thread *t)
{
    forget_tid(p, t);
    sig_remove_thread(p, t);
    t->process = NULL;
}

void process_become_leader(void)
{
    struct thread *t = current_thread();
    struct process *p = t->process;
    irqflags_t flags = spin_lock(&process_lock);

    if (p->leader != t) {
        forget_tid(p, t);
        t->tid = p->own_pid;
        t->id.id = process_pid(p);
        p->leader = t;
    }
    spin_unlock(&process_lock, flags);
}

void process_unlink(struct process *p)
{
    id_remove(&processes, &p->node);
    thread_count--;
    p->state = PROCESS_REAPED;
    leave_pid_ns(p);
    process_release_id(process_pid(p));
}

/* --- finding --- */

void process_get(struct process *p)
{
    atomic_fetch_add(&p->refs, 1);
}

void process_put(struct process *p)
{
    if (atomic_fetch_sub(&p->refs, 1) > 1)
        return;
    sig_free_process(p);
    if (p->cred)
        cred_put(p->cred);
    pid_ns_put(p->pid_ns);
    slab_free(&process_cache, p);
}

static struct process *get_locked(struct process *p)
{
    if (p)
        process_get(p);
    return p;
}

static struct thread *find_thread(int id)
{
    struct process *p = process_of(id_find(&processes, id));
    struct id_node *node = p ? NULL : id_find(&threads, id);

    if (p)
        return p->leader;
    return node ? container_of(node, struct thread, id) : NULL;
}

struct process *process_find(int pid)
{
    irqflags_t flags = spin_lock(&process_lock);
    int id = pid_id(current_pid_ns(), pid);
    struct process *p = process_of(id_find(&processes, id));
    struct thread *t = p ? NULL : find_thread(id);

    p = get_locked(t ? t->process : p);
    spin_unlock(&process_lock, flags);
    return p;
}

struct process *process_by_pid(const struct pid_ns *ns, int pid)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct process *p = get_locked(process_of(id_find(&processes, pid_id(ns, pid))));

    spin_unlock(&process_lock, flags);
    return p;
}

struct process *process_next(int after)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct process *p = get_locked(process_of(id_next(&processes, after)));

    spin_unlock(&process_lock, flags);
    return p;
}

/* Numbers may be of threads, groups and sessions too. */
static struct process *next_below(const struct pid_ns *ns, int *pid)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct process *p = NULL;
    int id;

    while (!p && (*pid = pid_next_taken(ns, *pid, &id)))
        p = get_locked(process_of(id_find(&processes, id)));
    spin_unlock(&process_lock, flags);
    return p;
}

struct process *process_next_in(const struct pid_ns *ns, int *pid)
{
    struct process *p;

    if (ns != &pid_ns_root)
        return next_below(ns, pid);
    p = process_next(*pid);
    if (p)
        *pid = process_pid(p);
    return p;
}

struct thread *process_find_thread(int tid)
{
    return find_thread(pid_id(current_pid_ns(), tid));
}

struct thread *process_thread(struct process *p, int tid)
{
    struct thread *t = find_thread(pid_id(p->pid_ns, tid));

    return t && t->process == p ? t : NULL;
}

/* An id or number, by one of the two ways between them; in the root both are the same. */
static int translate(int from, int (*way)(const struct pid_ns *ns, int from))
{
    const struct pid_ns *ns = current_pid_ns();
    irqflags_t flags;
    int to;

    if (likely(ns == &pid_ns_root))
        return from;
    flags = spin_lock(&process_lock);
    to = way(ns, from);
    spin_unlock(&process_lock, flags);
    return to;
}

int pid_seen(int id)
{
    return translate(id, pid_number_below);
}

int pid_of_seen(int number)
{
    return translate(number, pid_id_below);
}

struct thread *process_thread_or_any(struct process *p, int tid)
{
    if (tid)
        return process_thread(p, tid);
    if (p->leader || list_empty(&p->threads))
        return p->leader;
    return list_first_entry(&p->threads, struct thread, process_link);
}

int process_next_tid(struct process *p, int after)
{
    int best = p->own_pid > after ? p->own_pid : 0;
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *t;

    list_for_each_entry (t, &p->threads, process_link) {
        if (t->tid > after && (!best || t->tid < best))
            best = t->tid;
    }
    spin_unlock(&process_lock, flags);
    return best;
}

struct uvm *process_uvm(struct process *p)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct uvm *uvm = p->uvm;

    if (uvm)
        uvm_get(uvm);
    spin_unlock(&process_lock, flags);
    return uvm;
}

void process_release_vfork(struct process *p)
{
    struct process *caller;
    irqflags_t flags;

    if (!READ_ONCE(p->vfork_caller))
        return;
    flags = spin_lock(&process_lock);
    caller = p->vfork_caller;
    WRITE_ONCE(p->vfork_caller, NULL);
    if (caller)
        wake_all(&caller->child_wait);
    spin_unlock(&process_lock, flags);
}

/* --- figures --- */

u32 process_count(void)
{
    return READ_ONCE(processes.count);
}

u32 process_thread_count(void)
{
    return READ_ONCE(thread_count);
}

int process_last_pid(void)
{
    return READ_ONCE(current_pid_ns()->last);
}

void process_set_last_pid(int pid)
{
    irqflags_t flags = spin_lock(&process_lock);

    current_pid_ns()->last = pid;
    spin_unlock(&process_lock, flags);
}

char thread_state_letter(const struct thread *t)
{
    static const char letters[] = {
        [THREAD_RUNNING] = 'R', [THREAD_INTERRUPTIBLE] = 'S', [THREAD_UNINTERRUPTIBLE] = 'D',
        [THREAD_STOPPED] = 'T', [THREAD_NEW] = 'R',           [THREAD_DEAD] = 'Z',
    };

    return t ? letters[READ_ONCE(t->state)] : 'Z';
}

void usage_add(struct usage *to, const struct usage *from)
{
    to->user_ns += from->user_ns;
    to->system_ns += from->system_ns;
    to->faults_minor += from->faults_minor;
    to->faults_major += from->faults_major;
    to->switches_voluntary += from->switches_voluntary;
    to->switches_forced += from->switches_forced;
    to->max_rss_pages = MAX(to->max_rss_pages, from->max_rss_pages);
}

void thread_usage(struct thread *t, struct usage *out)
{
    u64 ticks, user;

    sched_thread_ticks(t, &ticks, &user);
    *out = (struct usage){
        .user_ns = time_ticks_to_ns(user),
        .system_ns = time_ticks_to_ns(ticks - user),
        .faults_minor = t->faults_minor,
        .faults_major = t->faults_major,
        .switches_voluntary = t->switches_voluntary,
        .switches_forced = t->switches_forced,
    };
}

void process_usage_locked(struct process *p, struct usage *out)
{
    struct thread *t;
    struct usage one;

    *out = p->dead;
    list_for_each_entry (t, &p->threads, process_link) {
        thread_usage(t, &one);
        usage_add(out, &one);
    }
}

void process_usage(struct process *p, struct usage *out)
{
    struct uvm *uvm = process_uvm(p);
    struct uvm_stats stats;
    irqflags_t flags;

    flags = spin_lock(&process_lock);
    process_usage_locked(p, out);
    spin_unlock(&process_lock, flags);
    if (!uvm)
        return;
    uvm_stats(uvm, &stats);
    out->max_rss_pages = MAX(out->max_rss_pages, stats.peak_resident);
    uvm_put(uvm);
}
