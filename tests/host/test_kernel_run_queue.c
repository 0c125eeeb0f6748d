/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c kernel/base/percpu.c kernel/run_queue.c lib/rbtree.c
/*
 * Run queues: order against a plain search, shares by weight, that sleep is no savings bank, and that a
 * move to another queue is neither a gain nor a loss.
 */
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

/* In the order of run_next(): what has had least first, all of them, each once. */
static void check_order(const struct run_tree *tree)
{
    const struct run_entity *prev = NULL;
    u32 count = 0;

    for (struct run_entity *e = tree->first; e; prev = e, e = run_next(tree, e)) {
        assert_true(e->queued);
        assert_false(prev && run_before(e, prev));
        count++;
    }
    assert_int_equal(count, tree->count);
}

static void any_may_be_removed(void **state)
{
    struct run_tree tree = {.first = NULL};
    u64 seed = host_seed();

    (void)state;
    for (unsigned i = 0; i < ENTITIES; i++)
        run_entity_init(&entities[i], 0);
    for (unsigned k = 0; k < 100000; k++) {
        struct run_entity *e = &entities[host_random(&seed) % ENTITIES];
        if (e->queued) {
            run_remove(&tree, e);
            assert_false(e->queued);
        } else {
            e->vruntime = (u64)-500 + host_random(&seed) % 1000;
            run_insert(&tree, e);
        }
        check_order(&tree);
        assert_true(tree.first == NULL || !run_before(least(), tree.first));
    }
    for (unsigned i = 0; i < ENTITIES; i++)
        if (entities[i].queued)
            run_remove(&tree, &entities[i]);
    assert_true(!tree.first && !tree.rest.root && !tree.count);
}

static void a_move_keeps_the_lag(void **state)
{
    struct run_tree from = {.vtime = (u64)-70000}, to = {.vtime = 1ul << 60};
    struct run_entity e;

    (void)state;
    run_entity_init(&e, 0);
    for (s64 lag = -100000; lag <= 100000; lag += 12345) { /* on both sides of the wrap */
        e.vruntime = from.vtime + (u64)lag;
        run_rebase(&e, &from, &to);
        assert_true(e.vruntime - to.vtime == (u64)lag);
        run_rebase(&e, &to, &from);
        assert_true(e.vruntime - from.vtime == (u64)lag);
    }
}

static void move(struct run_tree *from, struct run_tree *to, struct run_entity *e)
{
    run_remove(from, e);
    run_rebase(e, from, to);
    run_insert(to, e);
}

/*
 * Two cpus, one of which has run for much longer, and five threads that always want to run; now and then
 * one moves from the longer queue to the shorter. In the end all have had the same.
 */
static void movers_get_their_share(void **state)
{
    struct run_tree cpu[2] = {{.vtime = 0}, {.vtime = 123ul << 40}};
    u64 seed = host_seed(), total = 0;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        run_entity_init(&entities[i], 0);
        entities[i].vruntime = cpu[i & 1].vtime;
        run_insert(&cpu[i & 1], &entities[i]);
    }
    for (unsigned k = 0; k < 20000; k++) {
        unsigned longer = cpu[1].count > cpu[0].count;
        run(&cpu[0], 8, &seed);
        run(&cpu[1], 8, &seed);
        move(&cpu[longer], &cpu[!longer], cpu[longer].first);
    }
    for (unsigned i = 0; i < 5; i++)
        total += entities[i].ticks;
    for (unsigned i = 0; i < 5; i++) {
        double share = (double)entities[i].ticks / (double)total;
        assert_true(share > 0.2 * 0.93 && share < 0.2 * 1.07);
    }
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
        cmocka_unit_test(the_least_runs_next),    cmocka_unit_test(shares_follow_weights),
        cmocka_unit_test(equals_take_turns),      cmocka_unit_test(sleep_is_no_savings_bank),
        cmocka_unit_test(any_may_be_removed),     cmocka_unit_test(a_move_keeps_the_lag),
        cmocka_unit_test(movers_get_their_share), cmocka_unit_test(samples_divide_the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
