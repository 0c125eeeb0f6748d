/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes of locks and their order: see <base/lock_graph.h>. */
#include <base/lock_graph.h>
#include <lib/errno.h>
#include <lib/string.h>

static bool same(const struct lock_class *c, const char *name, bool sleeps)
{
    return c->sleeps == sleeps && (c->name == name || !strcmp(c->name, name));
}

u8 lock_graph_class(struct lock_graph *g, const char *name, bool sleeps)
{
    for (u32 i = 1; i <= g->classes; i++)
        if (same(&g->class[i], name, sleeps))
            return (u8)i;
    if (g->classes + 1 == LOCK_CLASSES_MAX)
        return 0;
    g->class[++g->classes] = (struct lock_class){.name = name, .sleeps = sleeps};
    return (u8)g->classes;
}

static const struct lock_edge *find_edge(const struct lock_graph *g, u8 held, u8 taken)
{
    const struct lock_edge *e = g->edge;
    while (e->held != held || e->taken != taken)
        e++;
    return e;
}

/*
 * Breadth first from `from`: came[c] is the class from which c was reached first, so that the way
 * back from `to` is a shortest one. False when `to` is not reached.
 */
static bool search(const struct lock_graph *g, u8 from, u8 to, u8 came[LOCK_CLASSES_MAX])
{
    u8 queue[LOCK_CLASSES_MAX];
    u32 first = 0, end = 0;
    memset(came, 0, LOCK_CLASSES_MAX);
    came[from] = from;
    queue[end++] = from;
    while (first < end && !came[to]) {
        u8 at = queue[first++];
        for (u32 c = 1; c <= g->classes; c++)
            if (!came[c] && lock_graph_knows(g, at, (u8)c)) {
                came[c] = at;
                queue[end++] = (u8)c;
            }
    }
    return came[to];
}

/* The way that search() has found, in the order in which it is walked. */
static void describe(const struct lock_graph *g, u8 from, u8 to, const u8 *came,
                     struct lock_path *path)
{
    path->length = 0;
    for (u8 c = to; c != from; c = came[c])
        path->length++;
    u32 i = path->length;
    for (u8 c = to; c != from; c = came[c])
        path->edge[--i] = *find_edge(g, came[c], c);
}

int lock_graph_add(struct lock_graph *g, const struct lock_edge *edge, struct lock_path *back)
{
    u8 came[LOCK_CLASSES_MAX];
    if (search(g, edge->taken, edge->held, came)) {
        describe(g, edge->taken, edge->held, came, back);
        return -EDEADLK;
    }
    if (g->edges == LOCK_EDGES_MAX)
        return -ENOSPC;
    g->edge[g->edges] = *edge;
    __atomic_store_n(&g->edges, g->edges + 1, __ATOMIC_RELEASE);
    u64 *row = &g->after[edge->held][edge->taken / 64];
    __atomic_store_n(row, *row | 1ul << edge->taken % 64, __ATOMIC_RELAXED);
    return 0;
}
