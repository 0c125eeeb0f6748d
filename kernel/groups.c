/* SPDX-License-Identifier: BSD-2-Clause */
/* Supplementary groups (see <kernel/cred.h>): in order, so that looking for one takes few steps. */
#include <base/atomic.h>
#include <kernel/cred.h>
#include <mm/slab.h>

struct groups *groups_make(u32 count)
{
    struct groups *groups = kmalloc(sizeof(*groups) + count * sizeof(groups->id[0]));

    if (groups)
        *groups = (struct groups){.refs = 1, .count = count};
    return groups;
}

void groups_put(struct groups *groups)
{
    if (atomic_fetch_sub(&groups->refs, 1) == 1)
        kfree(groups);
}

/* Lets id[at] sink to where no child of it in the heap id[0 .. end) is greater. */
static void sift(u32 *id, u32 at, u32 end)
{
    u32 value = id[at];

    for (u32 child; (child = 2 * at + 1) < end; at = child) {
        if (child + 1 < end && id[child + 1] > id[child])
            child++;
        if (id[child] <= value)
            break;
        id[at] = id[child];
    }
    id[at] = value;
}

/* A heap sort: a program may bring 65,536 of them in any order. */
void groups_sort(struct groups *groups)
{
    u32 *id = groups->id;

    for (u32 i = groups->count / 2; i-- > 0;)
        sift(id, i, groups->count);
    for (u32 end = groups->count; end-- > 1;) {
        u32 greatest = id[0];
        id[0] = id[end];
        id[end] = greatest;
        sift(id, 0, end);
    }
}

bool cred_in_group(const struct cred *cred, u32 gid)
{
    const struct groups *groups = cred->groups;
    u32 low = 0, high = groups->count;

    while (low < high) {
        u32 middle = (low + high) / 2;

        if (groups->id[middle] < gid)
            low = middle + 1;
        else
            high = middle;
    }
    return gid == cred->group.fs || (low < groups->count && groups->id[low] == gid);
}
