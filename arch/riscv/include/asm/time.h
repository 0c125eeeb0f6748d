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
