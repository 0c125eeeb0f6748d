/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO in programs' address spaces: one frame for all, a file in all but name. The kernel keeps
 * writing to the clock in it, through the direct map.
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

static struct pcache vdso;

void vdso_init(void)
{
    struct page *page;

    pcache_init(&vdso, &vdso_ops);
    pcache_set_size(&vdso, PAGE_SIZE);
    page = pcache_get(&vdso, 0, true); /* the reference is never given back */
    if (IS_ERR(page))
        panic("no memory for the vDSO");
    time_publish(arch_vdso_make(page_to_virt(page)));
}

int vdso_map(struct uvm *uvm)
{
    vaddr_t at = 0; /* anywhere */
    int err = uvm_map(uvm, &at, PAGE_SIZE, UVM_R | UVM_X, 0, &vdso.pager, 0);

    uvm_layout(uvm)->vdso = at;
    return err;
}
