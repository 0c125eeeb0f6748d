/* SPDX-License-Identifier: BSD-2-Clause */
/* How a secondary hart gets from firmware into the kernel. */
#pragma once

#include <lib/types.h>

struct cpu;

/* What a starting hart reads, with satp 0, at the physical address that hart_start handed it. */
struct hart_start {
    u64 early_satp;  /* early tables: the identity page and the image */
    u64 kernel_satp; /* the kernel's root */
    u64 stack;       /* virtual, in the kernel's table */
    struct cpu *cpu; /* virtual */
    u64 entry;       /* virtual address of secondary_virtual */
};
