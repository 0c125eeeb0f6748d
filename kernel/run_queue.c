/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fair order of a run queue. See <kernel/run_queue.h>; the scheduler's lock guards everything.
 */
#include <kernel/run_queue.h>

/* Weights of nice -20..19: 1024 for nice 0, each step a factor of 1.25 (so 10 % of the cpu). */
static const u32 weights[NICE_MAX - NICE_MIN + 1] = {
    88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921, 9537, 7629, 6104, 4883,
    3906,  3125,  2500,  2000,  1600,  1280,  1024,  819,   655,   524,   419,  336,  268,  215,
    172,   137,   110,   88,    70,    56,    45,    36,    29,    23,    18,   15,
};

void run_set_nice(struct run_entity *e, int nice)
{
    e->nice = (s8)nice;
    e->inverse = (u32)((1ul << 32) / weights[nice - NICE_MIN]);
}

void run_entity_init(struct run_entity *e, int nice)
{
    *e = (struct run_entity){.vruntime = 0};
    run_set_nice(e, nice);
}

static struct run_entity *entity_of(struct rb_node *node)
{
    return rb_entry(node, struct run_entity, node);
}

/* The one that was first goes to the left end: nobody in the tree has had less. */
static void push_left(struct run_tree *tree, struct run_entity *e)
{
    struct rb_node **link = &tree->rest.root;
    struct rb_node *parent = NULL;

    while (*link) {
        parent = *link;
        link = &parent->left;
    }
    rb_insert_at(&tree->rest, &e->node, parent, link);
}

static void push_by_time(struct run_tree *tree, struct run_entity *e)
{
    struct rb_node **link = &tree->rest.root;
    struct rb_node *parent = NULL;

    while (*link) {
        parent = *link;
        link = run_before(e, entity_of(parent)) ? &parent->left : &parent->right;
    }
    rb_insert_at(&tree->rest, &e->node, parent, link);
}

void run_insert(struct run_tree *tree, struct run_entity *e)
{
    e->queued = true;
    tree->count++;
    if (!tree->first) {
        tree->first = e;
    } else if (run_before(e, tree->first)) {
        push_left(tree, tree->first);
        tree->first = e;
    } else {
        push_by_time(tree, e);
    }
}

struct run_entity *run_take(struct run_tree *tree)
{
    struct run_entity *e = tree->first;

    if (!e)
        return NULL;
    e->queued = false;
    tree->count--;
    tree->first = NULL;
    if (tree->rest.root) {
        tree->first = entity_of(rb_first(&tree->rest));
        rb_erase(&tree->rest, &tree->first->node);
    }
    return e;
}

void run_remove(struct run_tree *tree, struct run_entity *e)
{
    if (e == tree->first) {
        run_take(tree);
        return;
    }
    e->queued = false;
    tree->count--;
    rb_erase(&tree->rest, &e->node);
}

struct run_entity *run_next(const struct run_tree *tree, const struct run_entity *e)
{
    struct rb_node *node = e == tree->first ? rb_first(&tree->rest) : rb_next(&e->node);

    return node ? entity_of(node) : NULL;
}

void run_sample(struct run_entity *e, bool user)
{
    u64 fresh = e->ticks - e->user_ticks - e->system_ticks;

    if (user)
        e->user_ticks += fresh;
    else
        e->system_ticks += fresh;
}
