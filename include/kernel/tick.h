/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer hardware of each cpu: remembers what is programmed, so that programming it again (a
 * call of the firmware on many machines) happens only when an earlier deadline comes up.
 */
#pragma once

#include <lib/types.h>

/* The timer interrupt comes at `deadline` (ticks) or earlier. Interrupts off. */
void tick_request(u64 deadline);

/* The timer interrupt has come: nothing is programmed until then. Programs `deadline`. */
void tick_restart(u64 deadline);
