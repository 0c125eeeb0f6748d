/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/irq.h>: sstatus.SIE. */
#pragma once

#include <asm/csr.h>
#include <lib/types.h>

/* SSTATUS_SIE if interrupts were on, else 0. */
typedef unsigned long irqflags_t;

static inline irqflags_t arch_irq_save(void)
{
    return csr_read_clear(sstatus, SSTATUS_SIE) & SSTATUS_SIE;
}

static inline void arch_irq_restore(irqflags_t flags)
{
    csr_set(sstatus, flags);
}

static inline void arch_irq_enable(void)
{
    csr_set(sstatus, SSTATUS_SIE);
}

static inline void arch_irq_disable(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
}

static inline bool arch_irq_enabled(void)
{
    return csr_read(sstatus) & SSTATUS_SIE;
}
