/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A radix tree from a 64-bit index to a non-NULL pointer, 64 ways per node: the page cache's map
 * from page number to frame. An entry at index 0 alone needs no node at all. Nodes come from the
 * user through two functions. No locks here: readers and writers are serialised by the owner.
 */
#ifndef LIB_RADIX_H
#define LIB_RADIX_H

#include <lib/types.h>

#define RADIX_BITS  6
#define RADIX_SLOTS (1u << RADIX_BITS)

struct radix_node {
    u32 shift; /* index bits below this node's own six */
    u32 count; /* slots in use, never 0 in a tree at rest */
    void *slots[RADIX_SLOTS];
};

/* Memory for nodes; need not be zeroed. alloc returns NULL when there is none. */
struct radix_ops {
    struct radix_node *(*alloc)(void);
    void (*free)(struct radix_node *node);
};

struct radix_tree {
    void *root;  /* height 0: the entry at index 0; else the top node */
    u32 height;  /* levels of nodes */
    u64 entries; /* number of entries */
    const struct radix_ops *ops;
};

/* Makes an empty tree. */
void radix_init(struct radix_tree *tree, const struct radix_ops *ops);

/* The entry at `index`, or NULL. */
void *radix_lookup(const struct radix_tree *tree, u64 index);

/* Adds an entry. -EEXIST: the index is taken; -ENOMEM: no node. The tree is unchanged then. */
int radix_insert(struct radix_tree *tree, u64 index, void *entry);

/* Replaces the entry at an index that is taken and returns the old one; NULL: it was free. */
void *radix_replace(struct radix_tree *tree, u64 index, void *entry);

/* Removes and returns the entry at `index`, or NULL; frees nodes that become empty. */
void *radix_remove(struct radix_tree *tree, u64 index);

/*
 * The first entry at or after *index, with *index set to its place; NULL: none (and *index is
 * unchanged). Removing that entry before the next call is fine; add 1 to go on.
 */
void *radix_next(const struct radix_tree *tree, u64 *index);

/*
 * Removes all entries from `first` on and frees their nodes, calling drop(entry, context) on each
 * in ascending order. Needs no memory.
 */
void radix_truncate(struct radix_tree *tree, u64 first, void (*drop)(void *entry, void *context),
                    void *context);

#endif
