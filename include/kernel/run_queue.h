/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fair order of a run queue: who runs next, and how time on the cpu is charged.
 *
 * Each entity has a virtual run time: its time on the cpu divided by its weight. The one with the
 * least runs next. The queue's own virtual time follows the least of all; whoever comes from a
 * sleep is placed there, less a credit, so that sleeping neither saves up time nor costs any.
 * Pure: no locks, no clock; the scheduler brings both. Times in ticks, virtual ones in
 * ticks << RUN_SHIFT; comparisons are by difference and survive a wrap.
 */
#pragma once

#include <lib/rbtree.h>
#include <lib/types.h>

#define RUN_SHIFT 10

#define NICE_MIN (-20)
#define NICE_MAX 19

struct run_entity {
    struct rb_node node;
    u64 vruntime;
    u64 ticks;        /* time on a cpu, up to the last charge */
    u64 user_ticks;   /* of these, */
    u64 system_ticks; /* as samples divided them; the rest has not been sampled yet */
    u32 inverse;      /* 2^32 / weight */
    s8 nice;          /* -20..19 */
    bool queued;
};

/*
 * The first one stands outside of the tree: with one runnable entity beside the running one, which
 * is the common case, nothing is balanced.
 */
struct run_tree {
    struct run_entity *first; /* the least virtual run time; NULL: nobody waits */
    struct rb_tree rest;
    u64 vtime; /* never goes back */
    u32 count;
};

/* A new entity of that nice value. */
void run_entity_init(struct run_entity *e, int nice);
void run_set_nice(struct run_entity *e, int nice);

/* Whether a has had less than b. */
static inline bool run_before(const struct run_entity *a, const struct run_entity *b)
{
    return (s64)(a->vruntime - b->vruntime) < 0;
}

/* Behind those that have had as much. */
void run_insert(struct run_tree *tree, struct run_entity *e);

/* Removes and returns the first one, or NULL. */
struct run_entity *run_take(struct run_tree *tree);

/* Removes one that is queued, wherever it stands. */
void run_remove(struct run_tree *tree, struct run_entity *e);

/* Who comes after e, or NULL. */
struct run_entity *run_next(const struct run_tree *tree, const struct run_entity *e);

/* An entity that is in neither tree moves from one to the other, and stays as far ahead or behind. */
static inline void run_rebase(struct run_entity *e, const struct run_tree *from,
                              const struct run_tree *to)
{
    e->vruntime += to->vtime - from->vtime;
}

/* Charges the running entity (not in the tree) for `ticks` on the cpu. */
static inline void run_charge(struct run_tree *tree, struct run_entity *running, u64 ticks)
{
    u64 least;

    running->ticks += ticks;
    /* ticks / (weight / 1024), shifted: 2^32 / weight has 12 bits more than RUN_SHIFT and 1024. */
    running->vruntime += (ticks * running->inverse) >> (32 - 10 - RUN_SHIFT);
    least = running->vruntime;
    if (tree->first && run_before(tree->first, running))
        least = tree->first->vruntime;
    if ((s64)(least - tree->vtime) > 0)
        tree->vtime = least;
}

/* Where an entity that slept comes in: at most `credit` ticks (real ones) before the others. */
static inline void run_place(struct run_tree *tree, struct run_entity *e, u64 credit)
{
    u64 start = tree->vtime - (credit << RUN_SHIFT);

    if ((s64)(e->vruntime - start) < 0)
        e->vruntime = start;
}

/* Gives the time since the last sample to user or system. */
void run_sample(struct run_entity *e, bool user);
