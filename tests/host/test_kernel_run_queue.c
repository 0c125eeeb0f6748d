/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c kernel/base/percpu.c kernel/run_queue.c lib/rbtree.c
/* The run queue: order against a plain search, shares by weight, and that sleep is no savings bank. */
#include "hostmachine.h"
#include <kernel/run_queue.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ENTITIES 30
#define SLICE    40000u

static struct run_entity entities[ENTITIES];

static struct run_entity *least(void)
{
    struct run_entity *found = NULL;

    for (unsigned i = 0; i < ENTITIES; i++)
        if (entities[i].queued && (!found || run_before(&entities[i], found)))
            found = &entities[i];
    return found;
}

static void the_least_runs_next(void **state)
{
    struct run_tree tree = {.first = NULL};
    u64 seed = host_seed();
    u32 queued = 0;

    (void)state;
    for (unsigned i = 0; i < ENTITIES; i++)
        run_entity_init(&entities[i], (int)(host_random(&seed) % 40) - 20);
    for (unsigned k = 0; k < 300000; k++) {
        struct run_entity *e = &entities[host_random(&seed) % ENTITIES];
        if (!e->queued) {
            /* Around the wrap, too: only differences count. */
            e->vruntime = (u64)-1000 + host_random(&seed) % 2000;
            run_insert(&tree, e);
            queued++;
        } else {
            struct run_entity *expected = least();
            struct run_entity *taken = run_take(&tree);
            assert_true(taken->vruntime == expected->vruntime);
            assert_false(taken->queued);
            queued--;
        }
        assert_int_equal(tree.count, queued);
        assert_true(!tree.first == !queued);
    }
    while (run_take(&tree))
        queued--;
    assert_int_equal(queued, 0);
}

/* Runs the queue for so many slices; all entities always want to run. */
static void run(struct run_tree *tree, unsigned slices, u64 *seed)
{
    while (slices-- > 0) {
        struct run_entity *e = run_take(tree);
        run_charge(tree, e, SLICE / 2 + host_random(seed) % SLICE);
        run_insert(tree, e);
    }
}

static void shares_follow_weights(void **state)
{
    static const int nice[] = {0, 0, 5, -5, 19, 10};
    static const double weight[] = {1024, 1024, 335, 3125, 15, 110};
    struct run_tree tree = {.first = NULL};
    u64 seed = host_seed(), total = 0;
    double weights = 0;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(nice); i++) {
        run_entity_init(&entities[i], nice[i]);
        run_insert(&tree, &entities[i]);
        weights += weight[i];
    }
    run(&tree, 200000, &seed);
    for (unsigned i = 0; i < ARRAY_SIZE(nice); i++)
        total += entities[i].ticks;
    for (unsigned i = 0; i < ARRAY_SIZE(nice); i++) {
        double share = (double)entities[i].ticks / (double)total;
        double fair = weight[i] / weights;
        assert_true(share > fair * 0.95 && share < fair * 1.05);
    }
}

static void equals_take_turns(void **state)
{
    struct run_tree tree = {.first = NULL};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        run_entity_init(&entities[i], 0);
        run_insert(&tree, &entities[i]);
    }
    for (unsigned i = 0; i < 9; i++) {
        struct run_entity *e = run_take(&tree);
        assert_true(e == &entities[i % 3]);
        run_charge(&tree, e, SLICE);
        run_insert(&tree, e);
    }
}

static void sleep_is_no_savings_bank(void **state)
{
    struct run_tree tree = {.first = NULL};
    u64 seed = host_seed(), before, others;
    struct run_entity *sleeper = &entities[9];

    (void)state;
    run_entity_init(sleeper, 0);
    for (unsigned i = 0; i < 2; i++) {
        run_entity_init(&entities[i], 0);
        run_insert(&tree, &entities[i]);
    }
    run(&tree, 10000, &seed);
    run_place(&tree, sleeper, SLICE);
    assert_true(run_before(sleeper, tree.first)); /* it goes first, */
    run_insert(&tree, sleeper);
    before = sleeper->ticks;
    others = entities[0].ticks + entities[1].ticks;
    run(&tree, 300, &seed); /* of random length */
    others = entities[0].ticks + entities[1].ticks - others;
    assert_true(sleeper->ticks - before <
                others / 2 + 5 * SLICE); /* and has no more than its share */
    /* Who has just run gets no credit by a moment's sleep. */
    u64 vruntime = sleeper->vruntime = tree.vtime + 5;
    run_place(&tree, sleeper, SLICE);
    assert_true(sleeper->vruntime == vruntime);
}

static void samples_divide_the_time(void **state)
{
    struct run_tree tree = {.first = NULL};
    struct run_entity e;

    (void)state;
    run_entity_init(&e, 0);
    run_charge(&tree, &e, 100);
    run_sample(&e, true);
    run_charge(&tree, &e, 30);
    run_sample(&e, false);
    run_charge(&tree, &e, 7);
    assert_true(e.ticks == 137 && e.user_ticks == 100 && e.system_ticks == 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_runs_next),     cmocka_unit_test(shares_follow_weights),
        cmocka_unit_test(equals_take_turns),       cmocka_unit_test(sleep_is_no_savings_bank),
        cmocka_unit_test(samples_divide_the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
