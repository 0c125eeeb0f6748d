/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/physmachine.c tests/host/host_slab.c
// sources: mm/region_scan.c mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c
// sources: mm/failalloc.c mm/kmalloc.c kernel/base/spinlock.c kernel/base/percpu.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/string_extra.c
// sources: lib/string_page.c lib/num.c kernel/pid_number.c kernel/pid.c lib/rbtree.c
/*
 * The numbers of ids in PID namespaces against plain tables: a tree of five namespaces in which ids are
 * born and forgotten, with numbers in turn and with numbers that somebody has wished for.
 */
#include "hostmachine.h"
#include "physmachine.h"
#include <kernel/caps.h>
#include <kernel/pid_ns.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/failalloc.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SPACES  6
#define IDS     300
#define NUMBERS (2 * IDS) /* that the test gets to see */

/* A child of the root, below it two, below one of those two again. */
static const int parent_of[SPACES] = {0, 0, 1, 1, 2, 2};

static struct pid_ns *space[SPACES] = {&pid_ns_root};
static struct pid_ns below[SPACES];
static struct ns holder[SPACES];
static bool privileged;

/* The model: an id's namespace (0: it has no numbers), and who has which number. */
static int home[IDS];
static int number_of[SPACES][IDS];
static int id_with[SPACES][NUMBERS];

/* --- what kernel/pid_number.c stands on --- */

struct ns *ns_get(struct ns *ns)
{
    ns->refs++;
    return ns;
}

void ns_put(struct ns *ns)
{
    assert_true(ns->refs > 0);
    ns->refs--;
}

bool caps_have(unsigned cap)
{
    return privileged && cap == CAP_CHECKPOINT_RESTORE;
}

static int reset(void **state)
{
    static struct process *const init = (void *)&below; /* any that is not NULL */

    (void)state;
    phys_boot_simple(16);
    privileged = true;
    pid_ns_root.init = init;
    for (int i = 1; i < SPACES; i++) {
        space[i] = &below[i];
        holder[i] = (struct ns){.refs = 1};
        below[i] = (struct pid_ns){.ns = &holder[i],
                                   .parent = space[parent_of[i]],
                                   .level = space[parent_of[i]]->level + 1,
                                   .init = init};
    }
    assert_int_equal(pid_numbered.count, 0);
    memset(home, 0, sizeof(home));
    memset(number_of, 0, sizeof(number_of));
    memset(id_with, 0, sizeof(id_with));
    return 0;
}

/* --- the model --- */

/* What the id will be called in each namespace from `s` up to the root, if nothing is wished for. */
static int next_free(int s, int last)
{
    do {
        last = last + 1 < PID_MAX ? last + 1 : PID_SECOND_ROUND;
    } while (id_with[s][last % NUMBERS]);
    return last;
}

static void model_give(int s, int id, const struct pid_wish *wish, const int *last)
{
    home[id] = s;
    for (unsigned up = 0; s; s = parent_of[s], up++) {
        int number = wish && up < wish->count ? wish->number[up] : next_free(s, last[s]);

        number_of[s][id] = number;
        id_with[s][number] = id;
    }
}

static void model_forget(int id)
{
    for (int s = home[id]; s; s = parent_of[s]) {
        id_with[s][number_of[s][id]] = 0;
        number_of[s][id] = 0;
    }
    home[id] = 0;
}

/* Whether one of the numbers is somebody's in its namespace. */
static bool is_taken(int s, const struct pid_wish *wish)
{
    for (unsigned up = 0; s && up < wish->count; s = parent_of[s], up++)
        if (id_with[s][wish->number[up]])
            return true;
    return false;
}

/* --- comparing --- */

static void check_id(int id)
{
    int numbers[PID_NS_LEVELS] = {0};

    for (int s = 1; s < SPACES; s++) {
        assert_int_equal(pid_number(space[s], id), number_of[s][id]);
        if (number_of[s][id])
            assert_int_equal(pid_id(space[s], number_of[s][id]), id);
    }
    assert_int_equal(pid_number(space[0], id), id);
    pid_numbers_of(id, numbers);
    for (int s = home[id]; s; s = parent_of[s])
        assert_int_equal(numbers[space[s]->level - 1], number_of[s][id]);
    assert_int_equal(numbers[home[id] ? space[home[id]]->level : 0], 0);
}

static void check_number(int s, int number)
{
    int next = number + 1, id = -1;

    assert_int_equal(pid_id(space[s], number), id_with[s][number]);
    while (next < NUMBERS && !id_with[s][next])
        next++;
    int found = pid_next_taken(space[s], number, &id);
    assert_int_equal(found, next < NUMBERS ? next : 0);
    assert_int_equal(id, found ? id_with[s][found] : -1);
}

/* Each id holds the namespace that it was born in, and no other. */
static void check_references(void)
{
    u32 refs[SPACES] = {0};

    for (int id = 1; id < IDS; id++)
        refs[home[id]]++;
    for (int s = 1; s < SPACES; s++)
        assert_int_equal(holder[s].refs, 1 + refs[s]);
}

/* --- the tests --- */

/* Two numbers at random, of which the first may be all that is wished for. */
static struct pid_wish random_wish(u64 *seed, int numbers[2])
{
    numbers[0] = 1 + (int)(host_random(seed) % (NUMBERS - 1));
    numbers[1] = 1 + (int)(host_random(seed) % (NUMBERS - 1));
    return (struct pid_wish){.number = numbers, .count = 1 + (unsigned)(host_random(seed) % 2)};
}

static void give(int id, u64 *seed)
{
    int s = 1 + (int)(host_random(seed) % (SPACES - 1));
    int numbers[2], last[SPACES];
    struct pid_wish wish = random_wish(seed, numbers);
    bool wished = host_random(seed) % 2;

    for (int i = 1; i < SPACES; i++) {
        if (space[i]->last >= NUMBERS - 1 - IDS)
            space[i]->last = (int)(host_random(seed) % 100);
        last[i] = space[i]->last;
    }
    int number = pid_give_numbers(space[s], id, wished ? &wish : NULL);
    if (wished && is_taken(s, &wish)) {
        assert_int_equal(number, -EEXIST);
        return;
    }
    model_give(s, id, wished ? &wish : NULL, last);
    assert_int_equal(number, number_of[s][id]);
}

static void random_births(void **state)
{
    u64 seed = host_seed();

    (void)state;
    for (unsigned i = 0; i < 50000; i++) {
        int id = 1 + (int)(host_random(&seed) % (IDS - 1));

        if (home[id]) {
            pid_release_numbers(id);
            model_forget(id);
        } else {
            give(id, &seed);
        }
        check_id(id);
        check_number(1 + (int)(host_random(&seed) % (SPACES - 1)),
                     (int)(host_random(&seed) % NUMBERS));
        if (i % 64 == 0)
            check_references();
    }
    for (int id = 1; id < IDS; id++)
        pid_release_numbers(id);
}

/* A number that is taken further up must leave nothing behind further down; nor must want of memory. */
static void nothing_stays_of_a_failure(void **state)
{
    const struct pid_wish wish = {.number = (const int[]){5, 7}, .count = 2};

    (void)state;
    assert_int_equal(
        pid_give_numbers(space[1], 1, &(struct pid_wish){.number = (const int[]){7}, .count = 1}),
        7);
    assert_int_equal(pid_give_numbers(space[2], 2, &wish), -EEXIST);
    assert_int_equal(pid_id(space[2], 5), 0);
    assert_int_equal(space[2]->taken.count, 0);
    failalloc_arm(1);
    assert_int_equal(pid_give_numbers(space[2], 2, NULL), -ENOMEM);
    failalloc_arm(0);
    assert_int_equal(space[1]->taken.count, 1);
    assert_int_equal(holder[2].refs, 1);
    pid_release_numbers(1);
    pid_release_numbers(1); /* has none any more */
    assert_int_equal(holder[1].refs, 1);
}

static void numbers_go_round(void **state)
{
    (void)state;
    space[1]->last = PID_MAX - 2;
    assert_int_equal(pid_give_numbers(space[1], 1, NULL), PID_MAX - 1);
    assert_int_equal(pid_give_numbers(space[1], 2, NULL), PID_SECOND_ROUND);
    space[1]->last = PID_MAX - 2;
    assert_int_equal(pid_give_numbers(space[1], 3, NULL), PID_SECOND_ROUND + 1);
    for (int id = 1; id <= 3; id++)
        pid_release_numbers(id);
}

static int may(int s, const int *number, unsigned count)
{
    return pid_may_be_born(space[s], &(struct pid_wish){.number = number, .count = count});
}

static void what_may_be_wished_for(void **state)
{
    (void)state;
    assert_int_equal(may(1, (const int[]){5, PID_MAX - 1}, 2), 0);
    assert_int_equal(may(1, (const int[]){5, 6, 7}, 3), -EINVAL);
    assert_int_equal(may(1, (const int[]){5, PID_MAX}, 2), -EINVAL);
    assert_int_equal(may(0, (const int[]){0}, 1), -EINVAL);
    privileged = false;
    assert_int_equal(pid_may_be_born(space[1], NULL), 0);
    assert_int_equal(may(1, (const int[]){5, 6, 7}, 3), -EINVAL);
    assert_int_equal(may(1, (const int[]){0, 6}, 2), -EINVAL);
    assert_int_equal(may(1, (const int[]){5, 0}, 2), -EPERM); /* level by level */
}

static void an_init_comes_first_and_goes_last(void **state)
{
    (void)state;
    space[2]->init = NULL;
    assert_int_equal(may(2, (const int[]){2}, 1), -EINVAL);
    assert_int_equal(may(2, (const int[]){1, 9}, 2), 0);
    assert_int_equal(may(4, (const int[]){2, 3}, 2), -EINVAL);
    space[1]->closed = true;
    assert_int_equal(pid_may_be_born(space[4], NULL), -ENOMEM);
    assert_int_equal(pid_may_be_born(space[0], NULL), 0);
    assert_true(pid_ns_is_within(space[5], space[2]) && pid_ns_is_within(space[2], space[2]));
    assert_false(pid_ns_is_within(space[2], space[5]) || pid_ns_is_within(space[5], space[3]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(random_births, reset),
        cmocka_unit_test_setup(nothing_stays_of_a_failure, reset),
        cmocka_unit_test_setup(numbers_go_round, reset),
        cmocka_unit_test_setup(what_may_be_wished_for, reset),
        cmocka_unit_test_setup(an_init_comes_first_and_goes_last, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
