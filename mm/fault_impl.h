/* SPDX-License-Identifier: BSD-2-Clause */
/* What mm/fault.c and mm/uvm_large.c share: a fault being served. */
#pragma once

#include "uvm_impl.h"
#include <base/spinlock.h>

struct fault {
    struct uvm *uvm;
    struct region *region;
    vaddr_t va;
    unsigned access;
    bool lone;   /* the space has no other holder: nobody to exclude */
    pte_t *slot; /* NULL: the table is missing too */
    pte_t seen;  /* what the entry said */
};

/* The table's lock, for adding to the table: nobody else adds when there is no other holder. */
static inline irqflags_t fault_lock(const struct fault *f)
{
    return f->lone ? 0 : spin_lock(&f->uvm->pt_lock);
}

static inline void fault_unlock(const struct fault *f, irqflags_t irq)
{
    if (!f->lone)
        spin_unlock(&f->uvm->pt_lock, irq);
}

/*
 * Delivers a large page where nothing is mapped yet, if the region wants one and there is one. False:
 * a small page it is.
 */
bool fault_deliver_large(const struct fault *f);

/*
 * A write to a large leaf that is not writable, in a private mapping. Whoever is the last owner of all of
 * it gets W: 0. Else it becomes small leaves: -EAGAIN, for one of them is to be copied. Or -ENOMEM.
 */
int fault_write_large(const struct fault *f);
