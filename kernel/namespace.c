/* SPDX-License-Identifier: BSD-2-Clause */
/* Namespaces and the sets of them that processes have. See <kernel/namespace.h>. */
#include <kernel/namespace.h>

#include <abi/linux/sched.h>
#include <base/atomic.h>
#include <base/panic.h>
#include <kernel/caps.h>
#include <lib/err.h>
#include <lib/errno.h>
#include <mm/slab.h>

/* Linux's first one too; programs only compare them. */
#define FIRST_ID 0xf0000000u

static const struct {
    const char *name;
    u64 flag;
} types[NS_TYPES] = {
    [NS_UTS] = {"uts", CLONE_NEWUTS}, [NS_IPC] = {"ipc", CLONE_NEWIPC},
    [NS_MNT] = {"mnt", CLONE_NEWNS},  [NS_NET] = {"net", CLONE_NEWNET},
    [NS_PID] = {"pid", CLONE_NEWPID},
};

#define FIRST(ns_type)                                                     \
    [ns_type] = &(struct ns)                                               \
    {                                                                      \
        .refs = 1, .type = (ns_type), .id = FIRST_ID + (unsigned)(ns_type) \
    }

struct namespaces first_namespaces = {
    .refs = 1, .ns = {FIRST(NS_UTS), FIRST(NS_IPC), FIRST(NS_MNT), FIRST(NS_NET), FIRST(NS_PID)}};

static u32 last_id = FIRST_ID + NS_TYPES;
static u64 offered; /* CLONE_NEW* of the types that somebody keeps something for */
static const struct ns_part *parts[NS_TYPES][NS_PARTS];

void ns_part_register(enum ns_type type, unsigned slot, const struct ns_part *part, void *first)
{
    ASSERT(!parts[type][slot] && !process_one);
    parts[type][slot] = part;
    offered |= types[type].flag;
    first_namespaces.ns[type]->part[slot] = first;
}

const char *ns_name(enum ns_type type)
{
    return types[type].name;
}

u64 ns_flag(enum ns_type type)
{
    return types[type].flag;
}

u64 ns_flags(void)
{
    return offered;
}

/* --- one namespace --- */

struct ns *ns_get(struct ns *ns)
{
    atomic_add_relaxed(&ns->refs, 1);
    return ns;
}

/* Gives back what the first `count` parts have made. */
static void undo_parts(struct ns *ns, unsigned count)
{
    while (count-- > 0) {
        if (parts[ns->type][count])
            parts[ns->type][count]->free(ns);
    }
}

void ns_put(struct ns *ns)
{
    if (!ns || atomic_fetch_sub(&ns->refs, 1) != 1)
        return;
    undo_parts(ns, NS_PARTS);
    kfree(ns);
}

static int make_parts(struct ns *ns, const struct ns *from)
{
    int err = 0;

    for (unsigned slot = 0; slot < NS_PARTS && !err; slot++) {
        const struct ns_part *part = parts[ns->type][slot];

        err = part ? part->make(ns, from) : 0;
        if (err)
            undo_parts(ns, slot);
    }
    return err;
}

static struct ns *ns_make(const struct ns *from)
{
    struct ns *ns = kzalloc(sizeof(*ns));

    if (!ns)
        return ERR_PTR(-ENOMEM);
    ns->refs = 1;
    ns->type = from->type;
    ns->id = atomic_fetch_add(&last_id, 1) + 1;
    int err = make_parts(ns, from);
    if (!err)
        return ns;
    kfree(ns);
    return ERR_PTR(err);
}

/* --- sets --- */

void namespaces_put(struct namespaces *set)
{
    if (!set || atomic_fetch_sub(&set->refs, 1) != 1)
        return;
    for (unsigned type = 0; type < NS_TYPES; type++)
        ns_put(set->ns[type]);
    kfree(set);
}

/* A set like `from`, with new namespaces where `flags` says so. ERR_PTR. */
static struct namespaces *set_copy(const struct namespaces *from, u64 flags)
{
    struct namespaces *set = kzalloc(sizeof(*set));

    if (!set)
        return ERR_PTR(-ENOMEM);
    set->refs = 1;
    for (unsigned type = 0; type < NS_TYPES; type++) {
        struct ns *old = from->ns[type];
        struct ns *ns = flags & types[type].flag ? ns_make(old) : ns_get(old);

        if (IS_ERR(ns)) {
            namespaces_put(set);
            return (void *)ns;
        }
        set->ns[type] = ns;
    }
    return set;
}

/* The current process goes over to `set`, whose reference it takes. */
static void set_switch(struct namespaces *set)
{
    struct process *p = current_process();
    irqflags_t flags = spin_lock(&process_lock);
    struct namespaces *old = p->namespaces;

    p->namespaces = set;
    spin_unlock(&process_lock, flags);
    namespaces_put(old);
}

int namespaces_fork(struct process *parent, struct process *child, u64 flags)
{
    struct namespaces *from = parent ? parent->namespaces : &first_namespaces;

    if (likely(!(flags & offered))) {
        atomic_add_relaxed(&from->refs, 1);
        child->namespaces = from;
        return 0;
    }
    if (!caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    struct namespaces *set = set_copy(from, flags);
    if (IS_ERR(set))
        return (int)PTR_ERR(set);
    child->namespaces = set;
    return 0;
}

int namespaces_unshare(u64 flags)
{
    if (!(flags & offered))
        return 0;
    if (!caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    struct namespaces *set = set_copy(current_process()->namespaces, flags);
    if (IS_ERR(set))
        return (int)PTR_ERR(set);
    set_switch(set);
    return 0;
}

/* Asks all parts of a namespace whether the current process may enter it. */
static int ask_parts(struct ns *ns)
{
    int err = 0;

    for (unsigned slot = 0; slot < NS_PARTS && !err; slot++) {
        const struct ns_part *part = parts[ns->type][slot];

        if (part && part->enter)
            err = part->enter(ns);
    }
    return err;
}

/* Puts the wanted namespaces into a set that nobody else knows yet. */
static int set_replace(struct namespaces *set, struct ns *const wanted[NS_TYPES])
{
    int err = 0;

    for (unsigned type = 0; type < NS_TYPES && !err; type++) {
        if (!wanted[type])
            continue;
        ns_put(set->ns[type]);
        set->ns[type] = ns_get(wanted[type]);
        err = ask_parts(wanted[type]);
    }
    return err;
}

int namespaces_enter(struct ns *const wanted[NS_TYPES])
{
    if (!caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    struct namespaces *set = set_copy(current_process()->namespaces, 0);
    if (IS_ERR(set))
        return (int)PTR_ERR(set);
    int err = set_replace(set, wanted);
    if (err)
        namespaces_put(set);
    else
        set_switch(set);
    return err;
}

struct ns *process_ns(struct process *p, enum ns_type type)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct ns *ns = p->namespaces ? ns_get(p->namespaces->ns[type]) : NULL;

    spin_unlock(&process_lock, flags);
    return ns;
}
