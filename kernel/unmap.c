/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that become shorter disappear from programs' memory: the page cache tells, mm/uvm_zap.c does it. */
#include <base/init.h>
#include <kernel/sched.h>
#include <mm/pcache.h>
#include <mm/uvm.h>

static void unmap_gone(struct pager *pager, u64 first, u64 end, bool copies)
{
    uvm_zap(pager, first, end, copies, sched_visit_cpus);
}

static void unmap_init(void)
{
    pcache_gone = unmap_gone;
}
INITCALL(INIT_FS, unmap_init);
