/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/rbtree.c
/*
 * Random insertions and removals against a sorted array, with all red-black rules and the augmented
 * value checked after each.
 */
#include "lib_test.h"
#include <lib/rbtree.h>
#include <string.h>

#define POOL   300
#define ROUNDS 20000

struct item {
    struct rb_node node;
    int key;
    int weight;
    int heaviest; /* the largest weight in the subtree */
    bool in_tree;
};

static struct item pool[POOL];
static struct item *model[POOL];
static int model_count;

static struct item *item_of(const struct rb_node *node)
{
    return rb_entry(node, struct item, node);
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
    return item_of(a)->key < item_of(b)->key;
}

static int heaviest_of(const struct rb_node *node)
{
    return node ? item_of(node)->heaviest : 0;
}

static bool update(struct rb_node *node)
{
    struct item *item = item_of(node);
    int heaviest = MAX(item->weight, MAX(heaviest_of(node->left), heaviest_of(node->right)));
    bool changed = heaviest != item->heaviest;

    item->heaviest = heaviest;
    return changed;
}

/* Checks the subtree; returns how many black nodes are on each way down. */
static int check_subtree(const struct rb_node *node, const struct rb_node *parent)
{
    bool red = node && !(node->parent_and_color & 1);
    int left, right;

    if (!node)
        return 1;
    assert_ptr_equal(rb_parent(node), parent);
    assert_false(red && (!parent || !(parent->parent_and_color & 1)));
    left = check_subtree(node->left, node);
    right = check_subtree(node->right, node);
    assert_int_equal(left, right);
    assert_int_equal(
        item_of(node)->heaviest,
        MAX(item_of(node)->weight, MAX(heaviest_of(node->left), heaviest_of(node->right))));
    return left + !red;
}

static void check_tree(const struct rb_tree *tree)
{
    struct rb_node *node = rb_first(tree);

    check_subtree(tree->root, NULL);
    for (int i = 0; i < model_count; i++, node = rb_next(node))
        assert_ptr_equal(node, &model[i]->node);
    assert_null(node);
    node = rb_last(tree);
    for (int i = model_count; i-- > 0; node = rb_prev(node))
        assert_ptr_equal(node, &model[i]->node);
    assert_null(node);
    assert_int_equal(rb_empty(tree), model_count == 0);
}

static void model_insert(struct item *item)
{
    int at = 0;

    while (at < model_count && model[at]->key <= item->key)
        at++;
    memmove(model + at + 1, model + at, (size_t)(model_count - at) * sizeof(*model));
    model[at] = item;
    model_count++;
}

static int model_place(const struct item *item)
{
    int at = 0;

    while (model[at] != item)
        at++;
    return at;
}

static void insert(struct rb_tree *tree, struct item *item)
{
    memset(&item->node, 0x5a, sizeof(item->node)); /* nodes come uninitialised */
    item->key = (int)random_below(100);
    item->weight = (int)random_below(1000);
    item->in_tree = true;
    model_insert(item);
    rb_insert(tree, &item->node, less);
}

static void erase(struct rb_tree *tree, struct item *item)
{
    int at = model_place(item);

    rb_erase(tree, &item->node);
    memset(&item->node, 0x5a, sizeof(item->node));
    item->in_tree = false;
    memmove(model + at, model + at + 1, (size_t)(model_count - at - 1) * sizeof(*model));
    model_count--;
}

/* A free item takes the place of `old`, whose key it gets. */
static void replace(struct rb_tree *tree, struct item *old)
{
    struct item *with = pool;

    while (with < pool + POOL && with->in_tree)
        with++;
    if (with == pool + POOL)
        return;
    with->key = old->key;
    with->weight = (int)random_below(1000);
    with->in_tree = true;
    model[model_place(old)] = with;
    rb_replace(tree, &old->node, &with->node);
    old->in_tree = false;
    memset(&old->node, 0x5a, sizeof(old->node));
}

static void stays_balanced_and_sorted(void **state)
{
    struct rb_tree tree = {NULL, update};

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct item *item = &pool[random_below(round % 4000 < 2000 ? POOL : 12)];

        if (!item->in_tree)
            insert(&tree, item);
        else if (random_below(4))
            erase(&tree, item);
        else if (random_below(2))
            replace(&tree, item);
        else {
            item->weight = (int)random_below(1000);
            rb_update(&tree, &item->node);
        }
        check_tree(&tree);
    }
    while (model_count) {
        erase(&tree, model[random_below((u64)model_count)]);
        check_tree(&tree);
    }
}

static void plain_trees_need_no_update(void **state)
{
    struct rb_tree tree = RB_TREE_INIT;
    struct rb_node *node;
    int last = -1, count = 0;

    (void)state;
    for (int i = 0; i < POOL; i++) {
        pool[i].key = (i * 7919) % POOL;
        rb_insert(&tree, &pool[i].node, less);
    }
    rb_for_each (node, &tree) {
        assert_true(item_of(node)->key > last);
        last = item_of(node)->key;
        count++;
    }
    assert_int_equal(count, POOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_balanced_and_sorted),
        cmocka_unit_test(plain_trees_need_no_update),
    };

    random_start("test_lib_rbtree");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
