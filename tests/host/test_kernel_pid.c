/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c kernel/base/percpu.c kernel/pid.c lib/rbtree.c
/* The tree of ids against a plain table. */
#include "hostmachine.h"
#include <kernel/pid.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define IDS 500

static struct id_node nodes[IDS];
static bool present[IDS];

static void check_neighbours(const struct id_tree *tree, int from)
{
    int next = from + 1;

    while (next < IDS && (next < 1 || !present[next]))
        next++;
    assert_ptr_equal(id_next(tree, from), next < IDS ? &nodes[next] : NULL);
}

static void random_operations(void **state)
{
    struct id_tree tree = {.count = 0};
    u64 seed = host_seed();
    u32 count = 0;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        int id = 1 + (int)(host_random(&seed) % (IDS - 1));
        assert_ptr_equal(id_find(&tree, id), present[id] ? &nodes[id] : NULL);
        if (present[id]) {
            id_remove(&tree, &nodes[id]);
            count--;
        } else {
            nodes[id].id = id;
            id_insert(&tree, &nodes[id]);
            count++;
        }
        present[id] = !present[id];
        assert_int_equal(tree.count, count);
        check_neighbours(&tree, (int)(host_random(&seed) % (IDS + 10)) - 5);
    }
    assert_null(id_find(&tree, -1));
    assert_null(id_next(&tree, 0x7fffffff));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_operations)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
