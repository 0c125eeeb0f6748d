/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared anonymous memory: a page cache without a file, that lives as long as somebody maps it.
 */
#include <base/atomic.h>
#include <mm/pcache.h>
#include <mm/slab.h>

struct anon {
    struct pcache cache;
    u32 refs;
};

static struct anon *of(struct pcache *pc)
{
    return container_of(pc, struct anon, cache);
}

static void anon_hold(struct pcache *pc)
{
    atomic_add_relaxed(&of(pc)->refs, 1);
}

static void anon_release(struct pcache *pc)
{
    if (atomic_fetch_sub(&of(pc)->refs, 1) != 1)
        return;
    pcache_destroy(pc);
    kfree(of(pc));
}

static const char *anon_name(struct pcache *pc, char *buf, size_t len)
{
    (void)pc, (void)buf, (void)len;
    return "/dev/zero (deleted)"; /* as Linux calls it */
}

static const struct pcache_ops anon_ops = {
    .hold = anon_hold, .release = anon_release, .name = anon_name};

struct pager *pcache_create_anon(u64 size)
{
    struct anon *anon = kmalloc(sizeof(*anon));

    if (!anon)
        return NULL;
    pcache_init(&anon->cache, &anon_ops);
    pcache_set_size(&anon->cache, size);
    anon->refs = 1;
    return &anon->cache.pager;
}
