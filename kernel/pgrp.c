/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Process groups and sessions. A group lives as long as it has members (zombies count), a session
 * as long as it has groups; their ids are not given to processes meanwhile. Lock: process_lock.
 */
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <lib/errno.h>
#include <mm/slab.h>

static SLAB_CACHE(group_cache, "pgrp", sizeof(struct pgrp), 8);
static SLAB_CACHE(session_cache, "session", sizeof(struct session), 8);

struct pgrp *pgrp_find(int pgid)
{
    struct id_node *node = id_find(&process_groups, pgid);

    return node ? container_of(node, struct pgrp, node) : NULL;
}

static struct pgrp *group_create(int id, struct session *session)
{
    struct pgrp *group = slab_alloc(&group_cache);

    if (!group)
        return NULL;
    *group = (struct pgrp){.node.id = id, .session = session};
    list_init(&group->members);
    id_insert(&process_groups, &group->node);
    session->groups++;
    return group;
}

static void group_destroy(struct pgrp *group)
{
    struct session *session = group->session;

    id_remove(&process_groups, &group->node);
    process_release_id(group->node.id);
    slab_free(&group_cache, group);
    if (--session->groups)
        return;
    id_remove(&process_sessions, &session->node);
    process_release_id(session->node.id);
    slab_free(&session_cache, session);
}

void pgrp_leave(struct process *p)
{
    struct pgrp *group = p->pgrp;

    if (!group)
        return;
    list_remove(&p->pgrp_link);
    p->pgrp = NULL;
    if (list_empty(&group->members))
        group_destroy(group);
}

void pgrp_join(struct pgrp *group, struct process *p)
{
    p->pgrp = group;
    list_push_back(&group->members, &p->pgrp_link);
}

int session_create(struct process *p)
{
    struct session *session = slab_alloc(&session_cache);
    struct pgrp *group;

    if (!session)
        return -ENOMEM;
    *session = (struct session){.node.id = process_pid(p), .leader = p};
    group = group_create(process_pid(p), session);
    if (!group) {
        slab_free(&session_cache, session);
        return -ENOMEM;
    }
    id_insert(&process_sessions, &session->node);
    pgrp_leave(p);
    pgrp_join(group, p);
    return 0;
}

int process_setsid(void)
{
    struct process *p = current_process();
    irqflags_t flags = spin_lock(&process_lock);
    int err = pgrp_find(process_pid(p)) ? -EPERM : session_create(p);

    spin_unlock(&process_lock, flags);
    return err ? err : p->own_pid;
}

/* --- setpgid --- */

/* The process that the caller may move to another group, with a reference. */
static int find_target(int pid, struct process **out)
{
    struct process *self = current_process();
    struct process *p = pid ? process_find(pid) : self;

    if (!p)
        return -ESRCH;
    if (!pid)
        process_get(p);
    *out = p;
    if (!pid || pid_seen(process_pid(p)) == pid)
        return 0;
    process_put(p); /* the id of a thread */
    return -EINVAL;
}

static int may_move(const struct process *p)
{
    const struct process *self = current_process();

    if (p != self && (p->parent != self || p->state == PROCESS_REAPED))
        return -ESRCH;
    if (p->pgrp->session != self->pgrp->session || p->pgrp->session->leader == p)
        return -EPERM;
    return p != self && p->execed ? -EACCES : 0;
}

static int move(struct process *p, int pgid)
{
    struct session *session = p->pgrp->session;
    struct pgrp *group = pgrp_find(pgid);

    if (group && group->session != session)
        return -EPERM;
    if (!group && pgid != process_pid(p))
        return -EPERM;
    if (!group)
        group = group_create(pgid, session);
    if (!group)
        return -ENOMEM;
    if (group == p->pgrp)
        return 0;
    pgrp_leave(p);
    pgrp_join(group, p);
    return 0;
}

int process_setpgid(int pid, int pgid)
{
    struct process *p;
    irqflags_t flags;
    int err;

    if (pid < 0 || pgid < 0)
        return -EINVAL;
    err = find_target(pid, &p);
    if (err)
        return err;
    flags = spin_lock(&process_lock);
    err = may_move(p);
    if (!err)
        err = move(p, pgid ? pid_id(current_pid_ns(), pgid) : process_pid(p));
    spin_unlock(&process_lock, flags);
    process_put(p);
    return err;
}

/* --- questions --- */

int process_pgid(struct process *p)
{
    irqflags_t flags = spin_lock(&process_lock);
    int id = p->pgrp ? p->pgrp->node.id : 0;

    spin_unlock(&process_lock, flags);
    return id;
}

int process_sid(struct process *p)
{
    irqflags_t flags = spin_lock(&process_lock);
    int id = p->pgrp ? p->pgrp->session->node.id : 0;

    spin_unlock(&process_lock, flags);
    return id;
}

static int ask(int pid, int (*question)(struct process *p))
{
    struct process *p = pid ? process_find(pid) : NULL;
    int id;

    if (!pid)
        return pid_seen(question(current_process()));
    if (!p)
        return -ESRCH;
    id = pid_seen(question(p));
    process_put(p);
    return id;
}

int process_getpgid(int pid)
{
    return ask(pid, process_pgid);
}

int process_getsid(int pid)
{
    return ask(pid, process_sid);
}

struct session *current_session(void)
{
    return current_process()->pgrp->session;
}

/* Under the lock: the group, though not the session, may change and go any time. */
bool process_is_session_leader(void)
{
    irqflags_t flags = spin_lock(&process_lock);
    bool leads = current_session()->leader == current_process();

    spin_unlock(&process_lock, flags);
    return leads;
}

int pgrp_session_id(int pgid)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct pgrp *group = pgrp_find(pgid);
    int id = group ? group->session->node.id : 0;

    spin_unlock(&process_lock, flags);
    return id;
}

/* Job control needs a parent outside the group, in the same session. */
static bool has_keeper(const struct process *p)
{
    const struct process *parent = p->parent;

    return p->state == PROCESS_ALIVE && parent && parent->pgrp && parent->pgrp != p->pgrp &&
           parent->pgrp->session == p->pgrp->session;
}

bool pgrp_orphaned_without(const struct pgrp *group, const struct process *without)
{
    const struct process *p;

    list_for_each_entry (p, &group->members, pgrp_link) {
        if (p != without && has_keeper(p))
            return false;
    }
    return true;
}

bool pgrp_is_orphaned(int pgid)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct pgrp *group = pgrp_find(pgid);
    bool orphaned = !group || pgrp_orphaned_without(group, NULL);

    spin_unlock(&process_lock, flags);
    return orphaned;
}
