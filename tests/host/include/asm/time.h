/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/time.h> for host tests. */
#pragma once

#include <lib/types.h>

u64 host_ticks(void); /* nanoseconds */

static inline u64 arch_ticks(void)
{
    return host_ticks();
}
