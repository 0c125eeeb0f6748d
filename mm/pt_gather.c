/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gather: what an operation has unmapped waits here until every cpu that could have cached its
 * translation has acknowledged the flush. Nothing else in mm/ frees a frame that was mapped.
 *
 * It is an array and not a chain through the pages: a frame that other spaces map too belongs to
 * several gathers at the same time.
 */
#include "table.h"
#include <base/wait.h>
#include <mm/page.h>
#include <mm/pt.h>

void pt_gather_begin(struct pt_gather *g, struct pt *pt)
{
    g->pt = pt;
    g->count = 0;
    g->yields = false;
    mmu_flush_begin(&g->flush, &pt->space);
}

void pt_gather_flush(struct pt_gather *g)
{
    mmu_flush_end(&g->flush);
    for (u32 i = 0; i < g->count; i++) {
        if (unlikely(g->pages[i]->kind == PAGE_TABLE))
            table_free(g->pages[i]);
        else
            page_put(g->pages[i]);
    }
    g->count = 0;
    if (g->yields)
        yield_point();
}

void pt_gather_end(struct pt_gather *g)
{
    pt_gather_flush(g);
    g->pt = NULL;
}
