/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/irq.h> for host tests: a flag that the tests can look at. */
#pragma once

#include <lib/types.h>

typedef unsigned long irqflags_t;

extern __thread bool host_irq_on;

static inline irqflags_t arch_irq_save(void)
{
    bool was = host_irq_on;
    host_irq_on = false;
    return was;
}

static inline void arch_irq_restore(irqflags_t flags)
{
    host_irq_on |= flags;
}

static inline void arch_irq_enable(void)
{
    host_irq_on = true;
}

static inline void arch_irq_disable(void)
{
    host_irq_on = false;
}

static inline bool arch_irq_enabled(void)
{
    return host_irq_on;
}
