/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Radix trees. A tree of height h holds indices below 64^h (height 0: only index 0, and the root is
 * the entry itself). It grows at the top when a larger index comes and shrinks when only slot 0 of
 * the top node is left. A node knows its shift, so that a look-up needs one load per level.
 */
#include <lib/errno.h>
#include <lib/radix.h>
#include <lib/string.h>
#include <lib/types.h>

#define SLOT_MASK  (RADIX_SLOTS - 1)
#define MAX_HEIGHT 11 /* 11 * 6 bits >= 64 */

void radix_init(struct radix_tree *tree, const struct radix_ops *ops)
{
    *tree = (struct radix_tree){.ops = ops};
}

static u32 slot_of(const struct radix_node *node, u64 index)
{
    return (u32)(index >> node->shift) & SLOT_MASK;
}

/* Whether a tree of this height has a place for `index`. */
static bool reaches(u32 height, u64 index)
{
    return height == MAX_HEIGHT || !(index >> RADIX_BITS * height);
}

void *radix_lookup(const struct radix_tree *tree, u64 index)
{
    void *entry = tree->root;

    if (!reaches(tree->height, index))
        return NULL;
    for (u32 height = tree->height; height && entry; height--) {
        const struct radix_node *node = entry;

        entry = node->slots[slot_of(node, index)];
    }
    return entry;
}

static struct radix_node *new_node(const struct radix_tree *tree, u32 shift)
{
    struct radix_node *node = tree->ops->alloc();

    if (node) {
        memset(node, 0, sizeof(*node));
        node->shift = shift;
    }
    return node;
}

/*
 * Adds levels at the top until `index` has a place. On -ENOMEM the levels so far stay, harmlessly.
 */
static int grow(struct radix_tree *tree, u64 index)
{
    while (!reaches(tree->height, index)) {
        struct radix_node *top;

        if (tree->root) {
            top = new_node(tree, RADIX_BITS * tree->height);
            if (!top)
                return -ENOMEM;
            top->slots[0] = tree->root;
            top->count = 1;
            tree->root = top;
        }
        tree->height++;
    }
    return 0;
}

/* Takes levels away while the top node has nothing but slot 0. */
static void shrink(struct radix_tree *tree)
{
    while (tree->height) {
        struct radix_node *top = tree->root;

        if (top && (top->count > 1 || !top->slots[0]))
            return;
        if (top) {
            tree->root = top->slots[0];
            tree->ops->free(top);
        }
        tree->height--;
    }
}

/* The way from the top to a leaf: pointers to the slots passed, slots[0] being the root. */
struct path {
    void **slots[MAX_HEIGHT + 1];
    struct radix_node *nodes[MAX_HEIGHT + 1]; /* the node that slots[i] is in */
    u32 depth;
};

/* Follows `index` as far as there are nodes; slots[depth] is where the way ends. */
static void find_path(struct radix_tree *tree, u64 index, struct path *path)
{
    path->slots[0] = &tree->root;
    path->nodes[0] = NULL;
    for (path->depth = 0; path->depth < tree->height; path->depth++) {
        struct radix_node *node = *path->slots[path->depth];

        if (!node)
            return;
        path->nodes[path->depth + 1] = node;
        path->slots[path->depth + 1] = &node->slots[slot_of(node, index)];
    }
}

/* Empties the slot at the way's end and frees the nodes that become empty, upwards. */
static void prune(struct radix_tree *tree, struct path *path)
{
    for (u32 i = path->depth;; i--) {
        struct radix_node *node = path->nodes[i];

        if (*path->slots[i] && node)
            node->count--;
        *path->slots[i] = NULL;
        if (!node || node->count)
            break;
        tree->ops->free(node);
    }
    shrink(tree);
}

/* Adds the missing nodes below the way's end. */
static int extend_path(struct radix_tree *tree, u64 index, struct path *path)
{
    while (path->depth < tree->height) {
        struct radix_node *node = new_node(tree, RADIX_BITS * (tree->height - path->depth - 1));
        struct radix_node *parent = path->nodes[path->depth];

        if (!node)
            return -ENOMEM;
        *path->slots[path->depth] = node;
        if (parent)
            parent->count++;
        path->depth++;
        path->nodes[path->depth] = node;
        path->slots[path->depth] = &node->slots[slot_of(node, index)];
    }
    return 0;
}

int radix_insert(struct radix_tree *tree, u64 index, void *entry)
{
    struct path path;
    int error = grow(tree, index);

    if (error) {
        shrink(tree);
        return error;
    }
    find_path(tree, index, &path);
    error = extend_path(tree, index, &path);
    if (error) {
        prune(tree, &path);
        return error;
    }
    if (*path.slots[path.depth])
        return -EEXIST;
    *path.slots[path.depth] = entry;
    if (path.depth)
        path.nodes[path.depth]->count++;
    tree->entries++;
    return 0;
}

void *radix_replace(struct radix_tree *tree, u64 index, void *entry)
{
    struct path path;
    void *old;

    if (!reaches(tree->height, index))
        return NULL;
    find_path(tree, index, &path);
    old = *path.slots[path.depth];
    if (path.depth < tree->height || !old)
        return NULL;
    *path.slots[path.depth] = entry;
    return old;
}

void *radix_remove(struct radix_tree *tree, u64 index)
{
    struct path path;
    void *old;

    if (!reaches(tree->height, index))
        return NULL;
    find_path(tree, index, &path);
    old = *path.slots[path.depth];
    if (path.depth < tree->height || !old)
        return NULL;
    tree->entries--;
    prune(tree, &path);
    return old;
}

/* The end of the indices that slot `slot_of(index)` of the node stands for; 0 past the last one. */
static u64 next_slot_start(const struct radix_node *node, u64 index)
{
    return ((index >> node->shift) + 1) << node->shift;
}

/*
 * The first entry at or after *index below `entry`, a subtree of `height` levels; *index is moved
 * to its place, or behind the subtree (0 when that is past the last index).
 */
static void *next_below(void *entry, u32 height, u64 *index)
{
    struct radix_node *node = entry;

    if (!height)
        return entry;
    for (u32 slot = slot_of(node, *index); slot < RADIX_SLOTS; slot++) {
        void *found = node->slots[slot] ? next_below(node->slots[slot], height - 1, index) : NULL;

        if (found)
            return found;
        if (!node->slots[slot])
            *index = next_slot_start(node, *index);
        if (!*index)
            break;
    }
    return NULL;
}

void *radix_next(const struct radix_tree *tree, u64 *index)
{
    u64 at = *index;
    void *entry;

    if (!tree->root || !reaches(tree->height, at))
        return NULL;
    entry = next_below(tree->root, tree->height, &at);
    if (entry)
        *index = at;
    return entry;
}

void radix_truncate(struct radix_tree *tree, u64 first, void (*drop)(void *entry, void *context),
                    void *context)
{
    u64 index = first;

    while (radix_next(tree, &index))
        drop(radix_remove(tree, index), context);
}
