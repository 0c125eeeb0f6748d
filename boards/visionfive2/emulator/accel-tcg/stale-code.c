/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds guests that run code without having fenced the stores that made it
 *
 * QEMU's code is always coherent with its data; real instruction caches are
 * not. Time is divided into epochs, a new one begins with each fence.i of any
 * cpu. A page of RAM remembers the epoch of the last store to it, a cpu the
 * epoch that its own last fence.i began: what it runs from a page that is not
 * older was not fenced.
 *
 * Not every store can be looked at. The TLB entries through which pages are
 * written carry TLB_NOTDIRTY, which sends a store the slow way, to
 * stale_code_store(), after which the flag goes; a new epoch sets it again in
 * the entries of all cpus. So the first store of each cpu to each page in each
 * epoch is seen, and the others would add nothing. What devices store is seen
 * where they do it. A translation block is looked at when it is looked up,
 * which happens at every entry to a page.
 *
 * The resolution is a page, so data beside code is a false alarm, as is a
 * store that changes nothing.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "cpu.h"
#include "exec/cputlb.h"
#include "exec/exec-all.h"
#include "exec/ram_addr.h"
#include "exec/stale-code.h"

uint32_t *stale_code_epochs;

static uint32_t epoch = 1;
static uint32_t last_store;             /* epoch of the last store anywhere */

void stale_code_enable(void)
{
    ram_addr_t bytes = 0;
    RAMBlock *block;

    WITH_RCU_READ_LOCK_GUARD() {
        RAMBLOCK_FOREACH(block) {
            bytes = MAX(bytes, block->offset + block->max_length);
        }
    }
    stale_code_epochs = g_new0(uint32_t, (bytes >> TARGET_PAGE_BITS) + 1);
}

void stale_code_fence(CPUState *cpu)
{
    CPUState *other;

    if (!stale_code_in_use()) {
        return;
    }
    /* No store in this epoch: all that are to come will be seen anyway */
    if (qatomic_read(&last_store) != qatomic_read(&epoch)) {
        cpu->stale_code_since = qatomic_read(&epoch);
        return;
    }
    cpu->stale_code_since = qatomic_add_fetch(&epoch, 1);
    CPU_FOREACH(other) {
        tlb_reset_dirty(other, 0, -1);
    }
}

void stale_code_store(ram_addr_t addr, ram_addr_t length)
{
    uint32_t now = qatomic_read(&epoch);

    qatomic_set(&last_store, now);
    for (ram_addr_t page = addr >> TARGET_PAGE_BITS;
         page <= (addr + length - 1) >> TARGET_PAGE_BITS; page++) {
        qatomic_set(&stale_code_epochs[page], now);
    }
}
