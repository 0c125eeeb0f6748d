/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO in programs' address spaces: two frames for all, a file in all but name. The kernel keeps
 * writing to the second, the clock, through the direct map.
 */
#include "exec.h"

#include <arch/vdso.h>
#include <base/panic.h>
#include <kernel/time.h>
#include <lib/err.h>
#include <mm/page.h>
#include <mm/pcache.h>
#include <mm/uvm.h>

static const char *vdso_name(struct pcache *pc, char *buf, size_t len)
{
    (void)pc, (void)buf, (void)len;
    return "[vdso]";
}

static const struct pcache_ops vdso_ops = {.name = vdso_name};

enum { CODE, CLOCK, PAGES };

static struct pcache vdso;

/* The reference is never given back. */
static void *make_page(u64 index)
{
    struct page *page = pcache_get(&vdso, index, true);

    if (IS_ERR(page))
        panic("no memory for the vDSO");
    return page_to_virt(page);
}

void vdso_init(void)
{
    pcache_init(&vdso, &vdso_ops);
    pcache_set_size(&vdso, PAGES * PAGE_SIZE);
    arch_vdso_make(make_page(CODE));
    time_publish(make_page(CLOCK));
}

int vdso_map(struct uvm *uvm)
{
    vaddr_t at = 0; /* anywhere */
    int err = uvm_map(uvm, &at, PAGES * PAGE_SIZE, UVM_R | UVM_X, 0, &vdso.pager, 0);

    uvm_layout(uvm)->vdso = at;
    return err;
}
