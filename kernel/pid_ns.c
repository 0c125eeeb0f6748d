/* SPDX-License-Identifier: BSD-2-Clause */
/* PID namespaces as such: making, entering and freeing them. See <kernel/pid_ns.h>. */
#include <base/init.h>
#include <kernel/pid_ns.h>
#include <lib/errno.h>
#include <mm/slab.h>

/* As on Linux, where the children are to be born is changed once: -EINVAL the second time. */
static int make(struct ns *ns, const struct ns *from)
{
    struct pid_ns *parent = pid_ns_of(from);
    struct pid_ns *new;

    if (parent != current_process()->pid_ns)
        return -EINVAL;
    if (parent->level == PID_NS_LEVELS)
        return -ENOSPC;
    new = kzalloc(sizeof(*new));
    if (!new)
        return -ENOMEM;
    new->ns = ns;
    new->parent = parent;
    new->level = parent->level + 1;
    pid_ns_get(parent);
    ns->part[NS_PID_NUMBERS] = new;
    return 0;
}

static void free(struct ns *ns)
{
    struct pid_ns *gone = pid_ns_of(ns);

    pid_ns_put(gone->parent);
    kfree(gone);
}

/* Children can be born in a namespace that their parent sees, and in no other. */
static int enter(struct ns *ns)
{
    return pid_ns_is_within(pid_ns_of(ns), current_process()->pid_ns) ? 0 : -EINVAL;
}

static const struct ns_part pid_part = {
    .name = "pid numbers", .make = make, .free = free, .enter = enter};

static void pid_ns_init(void)
{
    pid_ns_root.ns = first_namespaces.ns[NS_PID];
    ns_part_register(NS_PID, NS_PID_NUMBERS, &pid_part, &pid_ns_root);
}
INITCALL(INIT_MM, pid_ns_init);
