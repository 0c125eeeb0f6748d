/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Promises of memory: how much programs may book beyond what there is.
 *
 * Private writable memory may have to be delivered one day. Pages are given on first use, and most
 * programs use a part of what they book, so that the sum of all promises may exceed memory. But
 * a single promise that all of RAM could not keep is refused, unless the program says that it means
 * only to reserve addresses (MAP_NORESERVE), or the machine is told to refuse nothing.
 */
#include "uvm_impl.h"
#include <mm/page.h>

u32 uvm_overcommit = UVM_OVERCOMMIT_USUAL;

/* Of the space's pages those that might have to be delivered. Exact enough without its lock. */
static u64 promised(const struct uvm *uvm)
{
    return READ_ONCE(uvm->stats.data) + READ_ONCE(uvm->stats.stack);
}

bool uvm_may_promise(u64 pages)
{
    return pages <= page_total_count() || atomic_load_relaxed(&uvm_overcommit) != 0;
}

u64 uvm_committed(void)
{
    struct uvm *uvm = NULL;
    u64 pages = 0;

    while ((uvm = uvm_next_space(uvm)))
        pages += promised(uvm);
    return pages;
}
