/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer hardware of each cpu: remembers what is programmed, so that programming it again (a
 * call of the firmware on many machines) happens only when an earlier deadline comes up.
 */
#pragma once

#include <base/percpu.h>
#include <lib/types.h>

/* Deadline that is programmed on each cpu, plus 1, so that zeroed memory means "none". */
extern u64 tick_programmed[CPU_MAX];

/* Programs `deadline` (ticks). Interrupts off. */
void tick_program(u64 deadline);

/* The timer interrupt comes at `deadline` (ticks) or earlier. Interrupts off. */
static inline void tick_request(u64 deadline)
{
    if (unlikely(deadline < tick_programmed[cpu_id()] - 1))
        tick_program(deadline);
}
