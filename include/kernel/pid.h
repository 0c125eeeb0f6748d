/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Things with a number: a tree from ids to the nodes embedded in processes, groups and sessions.
 * No lock of its own; process_lock guards the trees of the process table.
 */
#pragma once

#include <lib/rbtree.h>
#include <lib/types.h>

#define PID_MAX 32768

/*
 * Numbers that the creator of a process or thread asks for (clone3's set_tid): in the namespace where it
 * is born, then in those above. See <kernel/pid_ns.h>.
 */
struct pid_wish {
    const int *number;
    unsigned count; /* at most PID_NS_LEVELS; 0: it takes what comes */
};

struct id_node {
    struct rb_node node;
    int id;
};

struct id_tree {
    struct rb_tree tree;
    u32 count;
};

/* Adds a node whose id is set and not in the tree. */
void id_insert(struct id_tree *tree, struct id_node *node);
void id_remove(struct id_tree *tree, struct id_node *node);

/* The node with that id, or NULL. */
struct id_node *id_find(const struct id_tree *tree, int id);

/* The node with the smallest id > after, or NULL. */
struct id_node *id_next(const struct id_tree *tree, int after);
