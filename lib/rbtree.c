/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black trees: the root is black, a red node has black children, and every path from a node
 * down to a missing child passes the same number of black nodes. Insertion and removal repair these
 * by recolouring on the way up and at most three rotations.
 *
 * Augmented trees: a rotation recomputes the two nodes that it turns, the lower one first; whatever
 * else changed below is carried to the root by rb_update, before the repair begins.
 */
#include <lib/rbtree.h>
#include <lib/types.h>

#define BLACK 1ul

static bool is_black(const struct rb_node *node)
{
    return !node || (node->parent_and_color & BLACK);
}

static bool is_red(const struct rb_node *node)
{
    return !is_black(node);
}

static void set_black(struct rb_node *node)
{
    node->parent_and_color |= BLACK;
}

static void set_red(struct rb_node *node)
{
    node->parent_and_color &= ~BLACK;
}

static void set_parent(struct rb_node *node, struct rb_node *parent)
{
    node->parent_and_color = (unsigned long)parent | (node->parent_and_color & BLACK);
}

static void copy_color(struct rb_node *node, const struct rb_node *from)
{
    node->parent_and_color = (node->parent_and_color & ~BLACK) | (from->parent_and_color & BLACK);
}

/* Makes `with` (or nothing) the child of `parent` (or the root) in the place of `old`. */
static void replace_child(struct rb_tree *tree, struct rb_node *parent, struct rb_node *old,
                          struct rb_node *with)
{
    if (!parent)
        tree->root = with;
    else if (parent->left == old)
        parent->left = with;
    else
        parent->right = with;
}

static void update_one(struct rb_tree *tree, struct rb_node *node)
{
    if (tree->update)
        tree->update(node);
}

void rb_update(struct rb_tree *tree, struct rb_node *node)
{
    if (!tree->update)
        return;
    while (node && tree->update(node))
        node = rb_parent(node);
}

/*
 * Carries a change of shape upwards: a node on the way may keep its value while those above change.
 */
static void update_to_root(struct rb_tree *tree, struct rb_node *node)
{
    if (!tree->update)
        return;
    for (; node; node = rb_parent(node))
        tree->update(node);
}

/* Lifts `child` above `node`, its parent. */
static void rotate_up(struct rb_tree *tree, struct rb_node *node, struct rb_node *child)
{
    struct rb_node *parent = rb_parent(node);
    struct rb_node *moved;

    if (node->left == child) {
        moved = child->right;
        node->left = moved;
        child->right = node;
    } else {
        moved = child->left;
        node->right = moved;
        child->left = node;
    }
    if (moved)
        set_parent(moved, node);
    replace_child(tree, parent, node, child);
    set_parent(child, parent);
    set_parent(node, child);
    update_one(tree, node);
    update_one(tree, child);
}

/* `node` is red and so may be its parent: the only flaw in the tree. */
static void repair_insert(struct rb_tree *tree, struct rb_node *node)
{
    struct rb_node *parent, *grand, *uncle;

    while (parent = rb_parent(node), parent && is_red(parent)) {
        grand = rb_parent(parent); /* exists: a red parent is not the root */
        uncle = parent == grand->left ? grand->right : grand->left;
        if (is_red(uncle)) {
            set_black(parent);
            set_black(uncle);
            set_red(grand);
            node = grand;
            continue;
        }
        if ((node == parent->left) != (parent == grand->left)) {
            rotate_up(tree, parent, node);
            parent = node;
        }
        set_black(parent);
        set_red(grand);
        rotate_up(tree, grand, parent);
        break;
    }
    set_black(tree->root);
}

void rb_insert_at(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent,
                  struct rb_node **link)
{
    node->parent_and_color = (unsigned long)parent; /* red */
    node->left = NULL;
    node->right = NULL;
    *link = node;
    update_to_root(tree, node);
    repair_insert(tree, node);
}

void rb_insert(struct rb_tree *tree, struct rb_node *node,
               bool (*less)(const struct rb_node *a, const struct rb_node *b))
{
    struct rb_node *parent = NULL;
    struct rb_node **link = &tree->root;

    while (*link) {
        parent = *link;
        link = less(node, parent) ? &parent->left : &parent->right;
    }
    rb_insert_at(tree, node, parent, link);
}

/*
 * The subtree at `node` (maybe nothing) below `parent` is one black node short. Its sibling
 * exists, since the other side has black nodes to spare.
 */
static void repair_erase(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent)
{
    while (parent && is_black(node)) {
        bool left = parent->left == node;
        struct rb_node *sibling = left ? parent->right : parent->left;
        struct rb_node *near, *far;

        if (is_red(sibling)) {
            set_black(sibling);
            set_red(parent);
            rotate_up(tree, parent, sibling);
            sibling = left ? parent->right : parent->left;
        }
        near = left ? sibling->left : sibling->right;
        far = left ? sibling->right : sibling->left;
        if (is_black(near) && is_black(far)) {
            set_red(sibling);
            node = parent;
            parent = rb_parent(node);
            continue;
        }
        if (is_black(far)) {
            set_black(near);
            set_red(sibling);
            rotate_up(tree, sibling, near);
            far = sibling;
            sibling = near;
        }
        copy_color(sibling, parent);
        set_black(parent);
        set_black(far);
        rotate_up(tree, parent, sibling);
        return;
    }
    if (node)
        set_black(node);
}

void rb_replace(struct rb_tree *tree, struct rb_node *old, struct rb_node *with)
{
    *with = *old;
    replace_child(tree, rb_parent(old), old, with);
    if (with->left)
        set_parent(with->left, with);
    if (with->right)
        set_parent(with->right, with);
    update_to_root(tree, with);
}

/* Takes out a node that has at most one child. */
static void erase_simple(struct rb_tree *tree, struct rb_node *node)
{
    struct rb_node *parent = rb_parent(node);
    struct rb_node *child = node->left ? node->left : node->right;

    replace_child(tree, parent, node, child);
    if (child)
        set_parent(child, parent);
    update_to_root(tree, parent);
    if (is_black(node))
        repair_erase(tree, child, parent);
}

void rb_erase(struct rb_tree *tree, struct rb_node *node)
{
    struct rb_node *next;

    if (!node->left || !node->right) {
        erase_simple(tree, node);
        return;
    }
    next = rb_next(node); /* the leftmost below: it has no left child */
    erase_simple(tree, next);
    rb_replace(tree, node, next);
}

static struct rb_node *leftmost(struct rb_node *node)
{
    while (node && node->left)
        node = node->left;
    return node;
}

static struct rb_node *rightmost(struct rb_node *node)
{
    while (node && node->right)
        node = node->right;
    return node;
}

struct rb_node *rb_first(const struct rb_tree *tree)
{
    return leftmost(tree->root);
}

struct rb_node *rb_last(const struct rb_tree *tree)
{
    return rightmost(tree->root);
}

struct rb_node *rb_next(const struct rb_node *node)
{
    struct rb_node *parent;

    if (node->right)
        return leftmost(node->right);
    while (parent = rb_parent(node), parent && parent->right == node)
        node = parent;
    return parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
    struct rb_node *parent;

    if (node->left)
        return rightmost(node->left);
    while (parent = rb_parent(node), parent && parent->left == node)
        node = parent;
    return parent;
}
