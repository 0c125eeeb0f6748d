/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order in which kinds of locks are taken, learnt while the kernel runs.
 *
 * A class is a kind of lock: all locks of one name. An edge A -> B says that a B was taken while
 * an A was held, and remembers where for the first time. As long as the edges have no circle there is
 * an order of all locks that everybody keeps; an edge that would close one is refused, and the way round
 * is handed back. Two threads need not meet for that: it is enough that each has run once.
 *
 * Pure data: the caller locks (lock_graph_knows alone may run beside a change) and sees to it that the
 * names stay where they are.
 */
#pragma once

#include <lib/types.h>

#define LOCK_CLASSES_MAX 128
#define LOCK_EDGES_MAX   1024

struct lock_class {
    const char *name;
    bool sleeps; /* a mutex or reader/writer lock, not a spinlock: a class of its own */
};

struct lock_edge {
    u8 held, taken;   /* classes */
    vaddr_t held_at;  /* where the first of the two was taken, */
    vaddr_t taken_at; /* and where the second */
};

/* Zeroed: nothing is known. Class 0 stands for "none" and is never given away. */
struct lock_graph {
    u32 classes; /* 1..classes are in use */
    u32 edges;
    struct lock_class class[LOCK_CLASSES_MAX];
    u64 after[LOCK_CLASSES_MAX][LOCK_CLASSES_MAX / 64]; /* bit B of row A: edge A -> B */
    struct lock_edge edge[LOCK_EDGES_MAX];
};

/* A way along edges: the end of each is the beginning of the next. */
struct lock_path {
    u32 length;
    struct lock_edge edge[LOCK_CLASSES_MAX];
};

/* The class of that name and kind, made if need be; 0 when there are too many. */
u8 lock_graph_class(struct lock_graph *g, const char *name, bool sleeps);

/* True when this edge is known. */
static inline bool lock_graph_knows(const struct lock_graph *g, u8 held, u8 taken)
{
    return __atomic_load_n(&g->after[held][taken / 64], __ATOMIC_RELAXED) >> taken % 64 & 1;
}

/*
 * Adds a new edge. 0; -EDEADLK when it closes a circle: *back is then the shortest way from
 * edge->taken to edge->held (empty when they are the same class); -ENOSPC when there are too many.
 */
int lock_graph_add(struct lock_graph *g, const struct lock_edge *edge, struct lock_path *back);
