/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers that ids have below the root namespace: see <kernel/pid_ns.h>. An id with numbers is in
 * one tree by its id, and in that of each of its namespaces by its number there. Lock: process_lock.
 */
#include <base/panic.h>
#include <kernel/caps.h>
#include <kernel/pid_ns.h>
#include <lib/errno.h>
#include <mm/slab.h>

struct numbered;

struct number {
    struct id_node node;
    struct numbered *of;
};

struct numbered {
    struct id_node node;      /* by the id */
    struct pid_ns *ns;        /* the lowest; referenced */
    struct number at_level[]; /* 1 up to ns->level, each less 1 */
};

struct pid_ns pid_ns_root;
struct id_tree pid_numbered;

/* --- looking --- */

static struct numbered *find(int id)
{
    struct id_node *node = id_find(&pid_numbered, id);

    return node ? container_of(node, struct numbered, node) : NULL;
}

bool pid_ns_is_within(const struct pid_ns *ns, const struct pid_ns *above)
{
    while (ns->level > above->level)
        ns = ns->parent;
    return ns == above;
}

int pid_number_below(const struct pid_ns *ns, int id)
{
    const struct numbered *n = find(id);

    return n && pid_ns_is_within(n->ns, ns) ? n->at_level[ns->level - 1].node.id : 0;
}

static int id_of(const struct id_node *node)
{
    return container_of(node, struct number, node)->of->node.id;
}

int pid_id_below(const struct pid_ns *ns, int number)
{
    const struct id_node *node = id_find(&ns->taken, number);

    return node ? id_of(node) : 0;
}

int pid_next_taken(const struct pid_ns *ns, int after, int *id)
{
    const struct id_node *node = id_next(&ns->taken, after);

    if (!node)
        return 0;
    *id = id_of(node);
    return node->id;
}

void pid_numbers_of(int id, int *number)
{
    const struct numbered *n = find(id);

    for (unsigned i = 0; n && i < n->ns->level; i++)
        number[i] = n->at_level[i].node.id;
}

/* --- giving --- */

int pid_wished(const struct pid_wish *wish, const struct pid_ns *ns, unsigned level)
{
    unsigned up = ns->level - level;

    return wish && up < wish->count ? wish->number[up] : 0;
}

static int check_wish(const struct pid_ns *ns, const struct pid_wish *wish)
{
    bool may_wish = caps_have(CAP_SYS_ADMIN) || caps_have(CAP_CHECKPOINT_RESTORE);

    if (wish->count > ns->level + 1)
        return -EINVAL;
    for (unsigned i = 0; i < wish->count; i++, ns = ns->parent) {
        int number = wish->number[i];

        if (number < 1 || number >= PID_MAX || (number != 1 && !ns->init))
            return -EINVAL;
        if (!may_wish)
            return -EPERM;
    }
    return 0;
}

int pid_may_be_born(const struct pid_ns *ns, const struct pid_wish *wish)
{
    int err = wish ? check_wish(ns, wish) : 0;

    for (const struct pid_ns *at = ns; at && !err; at = at->parent)
        if (at->closed)
            err = -ENOMEM;
    return err;
}

static bool is_taken(const struct pid_ns *ns, int number)
{
    return id_find(&ns->taken, number);
}

static int choose(struct pid_ns *ns, int wished)
{
    if (!wished)
        return pid_next_number(ns, is_taken);
    return is_taken(ns, wished) ? -EEXIST : wished;
}

/* Takes the numbers back that it has from its lowest namespace up to `level`. */
static void take_back(struct numbered *n, unsigned level)
{
    for (struct pid_ns *ns = n->ns; ns->level >= level && ns->level; ns = ns->parent)
        id_remove(&ns->taken, &n->at_level[ns->level - 1].node);
}

/* Fills in its numbers from the lowest namespace upwards. */
static int fill(struct numbered *n, const struct pid_wish *wish)
{
    for (struct pid_ns *ns = n->ns; ns->level; ns = ns->parent) {
        struct number *to = &n->at_level[ns->level - 1];
        int number = choose(ns, pid_wished(wish, n->ns, ns->level));

        if (number < 0) {
            take_back(n, ns->level + 1);
            return number;
        }
        to->node.id = number;
        to->of = n;
        id_insert(&ns->taken, &to->node);
    }
    return 0;
}

int pid_give_numbers(struct pid_ns *ns, int id, const struct pid_wish *wish)
{
    struct numbered *n = kmalloc(sizeof(*n) + ns->level * sizeof(n->at_level[0]));
    int err;

    ASSERT(ns->level);
    if (!n)
        return -ENOMEM;
    n->node.id = id;
    n->ns = ns;
    err = fill(n, wish);
    if (err) {
        kfree(n);
        return err;
    }
    id_insert(&pid_numbered, &n->node);
    pid_ns_get(ns);
    return n->at_level[ns->level - 1].node.id;
}

void pid_release_numbers(int id)
{
    struct numbered *n = find(id);
    struct pid_ns *ns;

    if (!n)
        return;
    ns = n->ns;
    take_back(n, 1);
    id_remove(&pid_numbered, &n->node);
    kfree(n);
    pid_ns_put(ns);
}
