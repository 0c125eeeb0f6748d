/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/time.h>: the time CSR, which U54 and U74 leave to firmware to emulate. */
#pragma once

#include <lib/types.h>

static inline u64 arch_ticks(void)
{
    u64 ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return ticks;
}

/*
 * The counter is a device as far as order goes ("input": RISC-V unprivileged specification, "CSR Access Ordering"): loads
 * and stores may pass its reading unless a fence keeps them.
 */
static inline void arch_order_loads_ticks(void)
{
    __asm__ volatile("fence r, ir" ::: "memory");
}

static inline void arch_order_ticks_loads(void)
{
    __asm__ volatile("fence ir, r" ::: "memory");
}

static inline void arch_order_stores_ticks(void)
{
    __asm__ volatile("fence w, iw" ::: "memory");
}
