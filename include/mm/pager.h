/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the pages of a mapping come from.
 *
 * A pager is embedded in whatever has contents to map: a file's page cache, shared anonymous
 * memory, a device. It is the only way in which memory management reaches files, and it points
 * one way: a mapping holds a reference on its pager, a pager knows nothing of who maps it.
 */
#pragma once

#include <lib/types.h>

struct page;
struct pager;

struct pager_ops {
    /*
     * The page at `index` (in 4 KiB units from the start of the contents), with a reference for
     * the caller. May sleep; called with the address space's lock held for reading. `write` says
     * that a shared mapping is about to write to it. ERR_PTR(-EIO) where the contents end before
     * that page, ERR_PTR(-ENOMEM).
     */
    struct page *(*get)(struct pager *pager, u64 index, bool write);
    /*
     * The pages of [index, index + n) that are there already, each with a reference, into out[]
     * (NULL where there is none). Never sleeps nor allocates. Optional.
     */
    void (*peek)(struct pager *pager, u64 index, unsigned n, struct page **out);
    /* A mapping begins (or is copied) and ends. Optional for contents that live for ever. */
    void (*hold)(struct pager *pager);
    void (*release)(struct pager *pager);
    /*
     * A mapping that is shared and may become writable begins (or is copied; +1) and ends (-1).
     * Optional. The first one is announced by whoever hands out the pager.
     */
    void (*count_writers)(struct pager *pager, int change);
    /* What /proc/<pid>/maps and the fault line call it; returns buf or a constant. */
    const char *(*name)(struct pager *pager, char *buf, size_t len);
    /* Device, inode number for /proc/<pid>/maps; NULL where they mean nothing. */
    void (*identity)(struct pager *pager, u64 *dev, u64 *ino);
    /* Length of the contents in bytes. */
    u64 (*size)(struct pager *pager);
};

struct pager {
    const struct pager_ops *ops;
    u32 mappings; /* regions that show it, in all spaces; mm/uvm_region.c counts */
    u64 name;     /* of user_key(); 0: nobody has asked yet */
};

static inline void pager_count_writers(struct pager *pager, int change)
{
    if (pager->ops->count_writers)
        pager->ops->count_writers(pager, change);
}

/* Gives back a reference on a pager, of those who look one up for a mapping. */
static inline void pager_put(struct pager *pager)
{
    if (pager->ops->release)
        pager->ops->release(pager);
}
