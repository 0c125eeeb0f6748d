/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt enable of this cpu.
 *
 * <asm/irq.h> supplies irqflags_t and the inlines arch_irq_save, arch_irq_restore,
 * arch_irq_enable, arch_irq_disable, arch_irq_enabled.
 */
#pragma once

#include <lib/types.h>

#include <asm/irq.h>
