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
    return node ? rb_entry(node, struct run_entity, node) : NULL;
}

/* Equal ones queue up behind each other. */
void run_insert(struct run_tree *tree, struct run_entity *e)
{
    struct rb_node **link = &tree->tree.root;
    struct rb_node *parent = NULL;
    bool first = true;

    while (*link) {
        parent = *link;
        if (run_before(e, entity_of(parent))) {
            link = &parent->left;
        } else {
            link = &parent->right;
            first = false;
        }
    }
    rb_insert_at(&tree->tree, &e->node, parent, link);
    if (first)
        tree->first = e;
    tree->count++;
    e->queued = true;
}

void run_remove(struct run_tree *tree, struct run_entity *e)
{
    if (tree->first == e)
        tree->first = entity_of(rb_next(&e->node));
    rb_erase(&tree->tree, &e->node);
    tree->count--;
    e->queued = false;
}

void run_charge(struct run_tree *tree, struct run_entity *running, u64 ticks)
{
    u64 least;

    running->ticks += ticks;
    /* ticks / (weight / 1024), shifted: 2^32 / weight has 12 bits more than RUN_SHIFT and 1024. */
    running->vruntime += (ticks * running->inverse) >> (32 - 10 - RUN_SHIFT);
    least = running->vruntime;
    if (tree->first && run_before(tree->first, running))
        least = tree->first->vruntime;
    if ((s64)(least - tree->vtime) > 0)
        tree->vtime = least;
}

void run_sample(struct run_entity *e, bool user)
{
    u64 fresh = e->ticks - e->user_ticks - e->system_ticks;

    if (user)
        e->user_ticks += fresh;
    else
        e->system_ticks += fresh;
}

void run_place(struct run_tree *tree, struct run_entity *e, u64 credit)
{
    u64 start = tree->vtime - (credit << RUN_SHIFT);

    if ((s64)(e->vruntime - start) < 0)
        e->vruntime = start;
}
