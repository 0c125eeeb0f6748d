/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/irq.h> for the model of harts, which have no interrupts. */
#pragma once

typedef unsigned long irqflags_t;

static inline irqflags_t arch_irq_save(void)
{
    return 0;
}

static inline void arch_irq_restore(irqflags_t flags)
{
    (void)flags;
}
