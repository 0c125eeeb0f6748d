/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A space that this cpu runs too, as a thread of two does: what changes it takes its locks then, and must flush. Without, the
 * caller is its only holder, and the kernel spares both.
 */
#pragma once

#include "softmmu.h"
#include <base/percpu.h>
#include <mm/uvm.h>

/* NULL: none. To be ended before another begins. */
static inline void uvm_holder_begin(struct uvm *uvm)
{
    if (uvm)
        uvm_get(uvm);
    this_cpu()->uvm = uvm;
    softmmu_several = uvm;
}

static inline void uvm_holder_end(void)
{
    struct uvm *uvm = this_cpu()->uvm;

    softmmu_several = false;
    this_cpu()->uvm = NULL;
    if (uvm)
        uvm_put(uvm);
}
