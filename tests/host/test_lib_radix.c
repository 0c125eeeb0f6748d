/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/radix.c
/*
 * Random operations against a list of (index, entry) pairs, with an allocator that counts, that
 * hands out dirty memory, and that fails now and then.
 */
#include "lib_test.h"
#include <lib/errno.h>
#include <lib/radix.h>
#include <string.h>

#define POOL   200
#define ROUNDS 60000

static int nodes_live;
static int fail_in; /* the allocation that fails, counted from 1; 0: none */

static struct radix_node *alloc_node(void)
{
    struct radix_node *node;

    if (fail_in && !--fail_in)
        return NULL;
    node = malloc(sizeof(*node));
    assert_non_null(node);
    memset(node, 0xa5, sizeof(*node));
    nodes_live++;
    return node;
}

static void free_node(struct radix_node *node)
{
    nodes_live--;
    free(node);
}

static const struct radix_ops ops = {alloc_node, free_node};

struct pair {
    u64 index;
    void *entry; /* NULL: the index is free */
};

static struct pair model[POOL];
static int entries[POOL]; /* things to point to */

/* Counts the nodes below and checks what they say about themselves. */
static int check_nodes(const struct radix_node *node, u32 height)
{
    u32 used = 0;
    int nodes = 1;

    assert_int_equal(node->shift, 6 * (height - 1));
    for (u32 i = 0; i < RADIX_SLOTS; i++) {
        used += node->slots[i] != NULL;
        if (node->slots[i] && height > 1)
            nodes += check_nodes(node->slots[i], height - 1);
    }
    assert_int_equal(node->count, used);
    assert_true(used > 0);
    return nodes;
}

static void check_tree(const struct radix_tree *tree)
{
    u64 count = 0;

    for (int i = 0; i < POOL; i++) {
        assert_ptr_equal(radix_lookup(tree, model[i].index), model[i].entry);
        count += model[i].entry != NULL;
    }
    assert_int_equal(tree->entries, count);
    assert_int_equal(nodes_live, tree->height ? check_nodes(tree->root, tree->height) : 0);
}

/* The model's first entry at or after `from`. */
static const struct pair *model_next(u64 from)
{
    const struct pair *best = NULL;

    for (int i = 0; i < POOL; i++) {
        if (model[i].entry && model[i].index >= from && (!best || model[i].index < best->index))
            best = &model[i];
    }
    return best;
}

static void check_next(const struct radix_tree *tree, u64 from)
{
    const struct pair *want = model_next(from);
    u64 index = from;
    void *got = radix_next(tree, &index);

    assert_ptr_equal(got, want ? want->entry : NULL);
    assert_true(index == (want ? want->index : from));
}

/* Distinct indices in clusters: neighbours, other subtrees, the very end. */
static void make_indices(void)
{
    static const u64 bases[] = {0, 50, 4000, 1ul << 20, 1ul << 36, 0xfffffffffffffff0ul};

    for (int i = 0; i < POOL; i++) {
        bool again;

        do {
            model[i].index = bases[random_below(ARRAY_SIZE(bases))];
            model[i].index += random_below(model[i].index < 1ul << 63 ? 200 : 16);
            again = false;
            for (int j = 0; j < i; j++)
                again |= model[j].index == model[i].index;
        } while (again);
        model[i].entry = NULL;
    }
}

static void insert(struct radix_tree *tree, struct pair *pair, void *entry)
{
    int error;

    fail_in = random_below(4) ? 0 : (int)random_below(12) + 1;
    error = radix_insert(tree, pair->index, entry);
    if (pair->entry)
        assert_int_equal(error, -EEXIST);
    else if (error)
        assert_int_equal(error, -ENOMEM);
    else
        pair->entry = entry;
    fail_in = 0;
}

static void step(struct radix_tree *tree)
{
    struct pair *pair = &model[random_below(POOL)];
    void *entry = &entries[random_below(POOL)];

    switch (random_below(4)) {
    case 0:
        assert_ptr_equal(radix_remove(tree, pair->index), pair->entry);
        pair->entry = NULL;
        break;
    case 1:
        assert_ptr_equal(radix_replace(tree, pair->index, entry), pair->entry);
        pair->entry = pair->entry ? entry : NULL;
        break;
    default:
        insert(tree, pair, entry);
    }
    check_next(tree, pair->index + random_below(3) - 1);
    check_next(tree, random_skewed());
}

struct dropped {
    int count;
    u64 first;
};

static void drop(void *entry, void *context)
{
    struct dropped *dropped = context;
    const struct pair *want = model_next(dropped->first);

    assert_non_null(want);
    assert_ptr_equal(entry, want->entry);
    ((struct pair *)(unsigned long)want)->entry = NULL;
    dropped->count++;
}

static void truncate_at(struct radix_tree *tree, u64 first)
{
    struct dropped dropped = {.first = first};

    radix_truncate(tree, first, drop, &dropped);
    assert_null(model_next(first));
    check_tree(tree);
}

static void like_a_list_of_pairs(void **state)
{
    struct radix_tree tree;

    (void)state;
    make_indices();
    radix_init(&tree, &ops);
    for (int round = 0; round < ROUNDS; round++) {
        step(&tree);
        if (round % 8 == 0)
            check_tree(&tree);
        if (round % 1000 == 0)
            truncate_at(&tree, model[random_below(POOL)].index);
    }
    truncate_at(&tree, 0);
    assert_int_equal(nodes_live, 0);
    assert_int_equal(tree.height, 0);
}

/* Each allocation of an insertion fails once: nothing changes, nothing leaks. */
static void out_of_memory_changes_nothing(void **state)
{
    struct radix_tree tree;
    int error = -ENOMEM, before;

    (void)state;
    radix_init(&tree, &ops);
    assert_int_equal(radix_insert(&tree, 7, &entries[0]), 0);
    before = nodes_live;
    for (int k = 1; error; k++) {
        fail_in = k;
        error = radix_insert(&tree, ~0ul, &entries[1]);
        assert_true(error == 0 || error == -ENOMEM);
        assert_true(!error || nodes_live == before);
        assert_ptr_equal(radix_lookup(&tree, 7), &entries[0]);
        assert_ptr_equal(radix_lookup(&tree, ~0ul), error ? NULL : &entries[1]);
    }
    fail_in = 0;
    assert_ptr_equal(radix_remove(&tree, ~0ul), &entries[1]);
    assert_int_equal(nodes_live, before);
    assert_ptr_equal(radix_remove(&tree, 7), &entries[0]);
    assert_int_equal(nodes_live, 0);
}

static void one_entry_at_zero_needs_no_node(void **state)
{
    struct radix_tree tree;
    u64 index = 0;

    (void)state;
    radix_init(&tree, &ops);
    assert_int_equal(radix_insert(&tree, 0, &entries[3]), 0);
    assert_int_equal(nodes_live, 0);
    assert_ptr_equal(radix_next(&tree, &index), &entries[3]);
    index = 1;
    assert_null(radix_next(&tree, &index));
    assert_int_equal(radix_insert(&tree, 0, &entries[4]), -EEXIST);
    assert_ptr_equal(radix_replace(&tree, 0, &entries[4]), &entries[3]);
    assert_ptr_equal(radix_remove(&tree, 0), &entries[4]);
    assert_null(radix_remove(&tree, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_a_list_of_pairs),
        cmocka_unit_test(out_of_memory_changes_nothing),
        cmocka_unit_test(one_entry_at_zero_needs_no_node),
    };

    random_start("test_lib_radix");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
