/* SPDX-License-Identifier: BSD-2-Clause */
/* What the system calls on memory share. */
#pragma once

#include <base/percpu.h>

/* The space that the calling thread runs in; it holds a reference. */
static inline struct uvm *current_uvm(void)
{
    return this_cpu()->uvm;
}
