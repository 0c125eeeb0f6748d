/* SPDX-License-Identifier: BSD-2-Clause */
// sources: kernel/base/lock_graph.c
/* The order of locks: random edges against reachability worked out by brute force. */
#include "lib_test.h"
#include <base/lock_graph.h>
#include <lib/errno.h>
#include <string.h>

#define CLASSES 24u

static struct lock_graph graph;
static struct lock_path way;

static void fresh(void)
{
    memset(&graph, 0, sizeof(graph));
    memset(&way, 0xff, sizeof(way));
}

/* Addresses that tell the edge, so that one can see whether the right places are reported. */
static struct lock_edge edge_of(u8 held, u8 taken)
{
    return (struct lock_edge){
        .held = held, .taken = taken, .held_at = held * 1000u, .taken_at = held * 1000u + taken};
}

static int add(u8 held, u8 taken)
{
    struct lock_edge e = edge_of(held, taken);

    return lock_graph_add(&graph, &e, &way);
}

static void test_classes_are_names_and_kinds(void **state)
{
    char again[] = "inode"; /* the same text elsewhere is the same kind of lock */

    (void)state;
    fresh();
    u8 inode = lock_graph_class(&graph, "inode", true);
    u8 spin = lock_graph_class(&graph, "inode", false);
    u8 other = lock_graph_class(&graph, "pipe", true);
    assert_int_not_equal(inode, 0);
    assert_int_not_equal(inode, spin);
    assert_int_not_equal(inode, other);
    assert_int_equal(lock_graph_class(&graph, again, true), inode);
    assert_int_equal(lock_graph_class(&graph, again, false), spin);
    assert_string_equal(graph.class[other].name, "pipe");
    assert_int_equal(graph.classes, 3);
}

static void test_classes_run_out(void **state)
{
    static char names[LOCK_CLASSES_MAX][8];

    (void)state;
    fresh();
    for (unsigned i = 0; i + 1 < LOCK_CLASSES_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "n%u", i);
        assert_int_equal(lock_graph_class(&graph, names[i], false), i + 1);
    }
    assert_int_equal(lock_graph_class(&graph, "one more", false), 0);
    assert_int_equal(lock_graph_class(&graph, "n5", false), 6);
}

static void test_two_in_both_orders(void **state)
{
    (void)state;
    fresh();
    for (unsigned i = 0; i < 3; i++)
        lock_graph_class(&graph, (const char *[]){"a", "b", "c"}[i], false);
    assert_int_equal(add(1, 2), 0);
    assert_true(lock_graph_knows(&graph, 1, 2));
    assert_false(lock_graph_knows(&graph, 2, 1));
    assert_int_equal(add(2, 1), -EDEADLK);
    assert_int_equal(way.length, 1);
    assert_int_equal(way.edge[0].held_at, 1000);
    assert_int_equal(way.edge[0].taken_at, 1002);
    assert_false(lock_graph_knows(&graph, 2, 1));
    assert_int_equal(add(3, 3), -EDEADLK);
    assert_int_equal(way.length, 0);
}

static void test_edges_run_out(void **state)
{
    unsigned added = 0;

    (void)state;
    fresh();
    graph.classes = LOCK_CLASSES_MAX - 1;
    for (unsigned a = 1; a < LOCK_CLASSES_MAX && added < LOCK_EDGES_MAX; a++)
        for (unsigned b = a + 1; b < LOCK_CLASSES_MAX && added < LOCK_EDGES_MAX; b++, added++)
            assert_int_equal(add((u8)a, (u8)b), 0);
    assert_int_equal(add(LOCK_CLASSES_MAX - 2, LOCK_CLASSES_MAX - 1), -ENOSPC);
    assert_false(lock_graph_knows(&graph, LOCK_CLASSES_MAX - 2, LOCK_CLASSES_MAX - 1));
    assert_int_equal(add(2, 1), -EDEADLK); /* that one would still be wrong */
}

/* --- against brute force --------------------------------------------------------------------- */

static bool model[CLASSES + 1][CLASSES + 1];

/* Lengths of the shortest ways from one class; 0: not reached. */
static void distances(u8 from, unsigned *length)
{
    for (unsigned i = 0; i <= CLASSES; i++)
        length[i] = 0;
    for (unsigned round = 1; round <= CLASSES; round++)
        for (unsigned a = 1; a <= CLASSES; a++)
            for (unsigned b = 1; b <= CLASSES; b++)
                if (model[a][b] && !length[b] && (round == 1 ? a == from : length[a] == round - 1))
                    length[b] = round;
}

static void check_way(u8 from, u8 to, unsigned expected)
{
    assert_int_equal(way.length, expected);
    for (unsigned i = 0; i < way.length; i++) {
        const struct lock_edge *e = &way.edge[i];

        assert_int_equal(e->held, i ? way.edge[i - 1].taken : from);
        assert_true(model[e->held][e->taken]);
        assert_int_equal(e->taken_at, e->held * 1000 + e->taken);
    }
    assert_int_equal(way.edge[way.length - 1].taken, to);
}

static void one_edge(void)
{
    unsigned length[CLASSES + 1];
    u8 held = (u8)(1 + random_below(CLASSES)), taken = (u8)(1 + random_below(CLASSES));

    assert_int_equal(lock_graph_knows(&graph, held, taken), model[held][taken]);
    if (held == taken || model[held][taken])
        return;
    distances(taken, length);
    int rc = add(held, taken);
    assert_int_equal(rc, length[held] ? -EDEADLK : 0);
    if (rc)
        check_way(taken, held, length[held]);
    else
        model[held][taken] = true;
}

static void test_random_edges(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        fresh();
        memset(model, 0, sizeof(model));
        graph.classes = CLASSES;
        for (unsigned i = 0; i < 300; i++)
            one_edge();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_are_names_and_kinds),
        cmocka_unit_test(test_classes_run_out),
        cmocka_unit_test(test_two_in_both_orders),
        cmocka_unit_test(test_edges_run_out),
        cmocka_unit_test(test_random_edges),
    };

    random_start("test_base_lock_graph");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
