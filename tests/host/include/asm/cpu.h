/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/cpu.h> for host tests: a cpu is what hostmachine says this host thread is. */
#pragma once

#include <lib/types.h>

struct arch_cpu {
    u32 unused;
};

extern __thread struct cpu *host_cpu;

/* Lets other host threads run: the one that holds the lock may not be on a cpu of the host. */
void host_relax(void);

static inline struct cpu *arch_this_cpu(void)
{
    return host_cpu;
}

static inline void arch_relax(void)
{
    host_relax();
}

static inline void arch_idle(void)
{
}
