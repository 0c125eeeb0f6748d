/* SPDX-License-Identifier: BSD-2-Clause */
/* mm/slab.c for host tests, with a way to make all caches as they were before their first use. */
#include "../../mm/slab.c"
#include "physmachine.h"

void phys_reset_slabs(void)
{
    struct list *link;

    caches_lock = (struct spinlock)SPINLOCK_INIT("slab caches");
    while ((link = list_pop_front(&caches))) {
        struct slab_cache *c = list_entry(link, struct slab_cache, link);
        const char *name = c->name;
        u32 size = c->size, stride = c->stride;
        *c = (struct slab_cache)SLAB_CACHE_INIT(*c, name, size, 8);
        c->stride = stride;
    }
}
