/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/time.h> for host tests. */
#pragma once

#include <lib/types.h>

u64 host_ticks(void); /* nanoseconds */

static inline u64 arch_ticks(void)
{
    return host_ticks();
}

static inline void arch_order_loads_ticks(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void arch_order_ticks_loads(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void arch_order_stores_ticks(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
