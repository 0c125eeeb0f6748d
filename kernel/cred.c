/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials: their life and their place in a thread (see <kernel/cred.h>). Lock: process_lock, to
 * change the pointers that others read; references are atomic.
 */
#include <base/atomic.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <mm/slab.h>

static struct groups no_groups = {.refs = 1};

struct cred cred_root = {
    .refs = 1,
    .caps = {.effective = CAPS_ALL, .permitted = CAPS_ALL, .bounding = CAPS_ALL},
    .groups = &no_groups,
};

static SLAB_CACHE(cred_cache, "credentials", sizeof(struct cred), 8);

struct cred *cred_get(struct cred *cred)
{
    atomic_add_relaxed(&cred->refs, 1);
    return cred;
}

void cred_put(struct cred *cred)
{
    if (atomic_fetch_sub(&cred->refs, 1) != 1)
        return;
    groups_put(cred->groups);
    slab_free(&cred_cache, cred);
}

struct cred *cred_copy(void)
{
    struct cred *cred = slab_alloc(&cred_cache);

    if (!cred)
        return NULL;
    *cred = *current_cred();
    cred->refs = 1;
    atomic_add_relaxed(&cred->groups->refs, 1);
    return cred;
}

/* Whether who could look into a process that is `old` may not be able to do what `new` can. */
static bool becomes_another(const struct cred *old, const struct cred *new)
{
    return old->user.effective != new->user.effective || old->user.fs != new->user.fs ||
           old->group.effective != new->group.effective || old->group.fs != new->group.fs ||
           new->caps.permitted & ~old->caps.permitted;
}

void cred_commit(struct cred *cred)
{
    struct thread *t = current_thread();
    struct process *p = t->process;
    struct cred *old = t->real_cred, *first = NULL;
    irqflags_t flags = spin_lock(&process_lock);

    if (becomes_another(old, cred)) {
        p->undumpable = true;
        p->parent_death_signal = 0;
    }
    t->cred = t->real_cred = cred;
    if (t == p->leader) {
        first = p->cred;
        p->cred = cred_get(cred);
    }
    spin_unlock(&process_lock, flags);
    cred_put(old);
    if (first)
        cred_put(first);
}

void cred_act_with(struct cred *cred)
{
    current_thread()->cred = cred;
}

void cred_restore(void)
{
    current_thread()->cred = current_thread()->real_cred;
}

/* As in Linux, root's capabilities go with the user for whom the look is taken. */
struct cred *cred_of_real_user(void)
{
    const struct cred *mine = current_cred();
    bool fixed = mine->securebits & SECURE_NO_SETUID_FIXUP;
    u64 effective = fixed ? mine->caps.effective : mine->user.real ? 0 : mine->caps.permitted;

    if (mine->user.fs == mine->user.real && mine->group.fs == mine->group.real &&
        mine->caps.effective == effective)
        return NULL;
    struct cred *cred = cred_copy();
    if (!cred)
        return ERR_PTR(-ENOMEM);
    cred->user.fs = cred->user.real;
    cred->group.fs = cred->group.real;
    cred->caps.effective = effective;
    return cred;
}

struct cred *cred_of_process(struct process *p, int tid)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct cred *cred = p->cred;
    struct thread *t;

    list_for_each_entry (t, &p->threads, process_link) {
        if (t->tid == tid)
            cred = t->real_cred;
    }
    cred_get(cred);
    spin_unlock(&process_lock, flags);
    return cred;
}
