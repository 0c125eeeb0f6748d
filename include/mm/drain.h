/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Draining: all that the allocators keep at hand goes back to the buddy, on every cpu.
 *
 * The caches belong to their cpus and are touched with interrupts off only there; so the others are
 * asked by an interrupt and drain themselves.
 */
#pragma once

#include <lib/types.h>

/*
 * Drains the page and slab caches of all online cpus, and waits (bounded) until they have done so.
 * A thread's context with interrupts on, no locks held. "Free pages as before" is asked after this.
 */
void mm_drain(void);

/* For trap_ipi(): does what mm_drain() on another cpu asked of this one. Two instructions if nothing. */
void mm_drain_poll(void);

/*
 * Stress bodies, callable on several cpus at once: `rounds` random operations, contents
 * checked. 0, or -EIO when memory was not what it should be (logged). Out of memory is no error.
 */
int buddy_stress(unsigned seed, unsigned rounds);
int slab_stress(unsigned seed, unsigned rounds);
