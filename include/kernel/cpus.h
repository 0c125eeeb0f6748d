/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing up the cpus beside the one that boots. */
#pragma once

#include <lib/types.h>

/*
 * Makes what a cpu needs before it runs anything of ours: its idle thread, whose stack's top comes
 * back, and its overflow stack. -ENOMEM. Boot cpu; slab works.
 */
int cpus_prepare(u32 cpu, vaddr_t *stack_top);

/*
 * Starts the other cpus, as many as the words maxcpus=N and nosmp allow, and waits until they run. One that
 * does not come up within two seconds is named in the log and never joins. Boot cpu, in a thread, once.
 */
void cpus_start(void);
