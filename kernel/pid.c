/* SPDX-License-Identifier: BSD-2-Clause */
/* Trees of things with a number. See <kernel/pid.h>. */
#include <kernel/pid.h>

static struct id_node *id_of(struct rb_node *node)
{
    return node ? rb_entry(node, struct id_node, node) : NULL;
}

void id_insert(struct id_tree *tree, struct id_node *node)
{
    struct rb_node **link = &tree->tree.root;
    struct rb_node *parent = NULL;

    while (*link) {
        parent = *link;
        link = node->id < id_of(parent)->id ? &parent->left : &parent->right;
    }
    rb_insert_at(&tree->tree, &node->node, parent, link);
    tree->count++;
}

void id_remove(struct id_tree *tree, struct id_node *node)
{
    rb_erase(&tree->tree, &node->node);
    tree->count--;
}

struct id_node *id_find(const struct id_tree *tree, int id)
{
    struct rb_node *at = tree->tree.root;

    while (at && id_of(at)->id != id)
        at = id < id_of(at)->id ? at->left : at->right;
    return id_of(at);
}

struct id_node *id_next(const struct id_tree *tree, int after)
{
    struct rb_node *at = tree->tree.root;
    struct rb_node *best = NULL;

    while (at) {
        if (id_of(at)->id > after) {
            best = at;
            at = at->left;
        } else {
            at = at->right;
        }
    }
    return id_of(best);
}
