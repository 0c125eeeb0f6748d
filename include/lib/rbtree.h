/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intrusive red-black trees. The user owns the nodes, the keys and the comparison, and brings the
 * lock. A tree may be augmented: `update` recomputes what a node says about its whole subtree
 * from the node itself and its two children (say, the largest gap below), and returns whether the
 * value changed; the tree calls it bottom-up for each node whose subtree has changed.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include <lib/types.h>

struct rb_node {
    unsigned long parent_and_color; /* bit 0: 1 = black */
    struct rb_node *left;
    struct rb_node *right;
};

struct rb_tree {
    struct rb_node *root;
    bool (*update)(struct rb_node *node); /* NULL: not augmented */
};

#define RB_TREE_INIT \
    {                \
        NULL, NULL   \
    }

#define rb_entry(node, type, member) container_of(node, type, member)

static inline bool rb_empty(const struct rb_tree *tree)
{
    return !tree->root;
}

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
    return (struct rb_node *)(node->parent_and_color & ~1ul);
}

/*
 * Inserts `node` as the child of `parent` that `*link` stands for, and rebalances. `link` is
 * &tree->root with a NULL parent, or &parent->left or &parent->right, and *link is NULL: the
 * place where the caller's own descent ended.
 */
void rb_insert_at(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent,
                  struct rb_node **link);

/* Inserts `node` by comparing nodes; equal ones stay in the order in which they came. */
void rb_insert(struct rb_tree *tree, struct rb_node *node,
               bool (*less)(const struct rb_node *a, const struct rb_node *b));

/* Takes `node` out of the tree. The node's memory is the caller's again. */
void rb_erase(struct rb_tree *tree, struct rb_node *node);

/* Puts `with` exactly where `old` was; the caller guarantees that their keys order alike. */
void rb_replace(struct rb_tree *tree, struct rb_node *old, struct rb_node *with);

/* Augmented trees: recomputes upwards after the caller has changed what `node` itself says. */
void rb_update(struct rb_tree *tree, struct rb_node *node);

/* In key order; NULL at the end (and for an empty tree). */
struct rb_node *rb_first(const struct rb_tree *tree);
struct rb_node *rb_last(const struct rb_tree *tree);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Loops over nodes in order; the body must not remove `pos`. */
#define rb_for_each(pos, tree) for ((pos) = rb_first(tree); (pos); (pos) = rb_next(pos))

#endif
