/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A software MMU that caches as much as the specification allows, and forgets nothing by itself.
 *
 * Accesses go through its caches: leaf entries, empty entries, and pointers to tables. So a change
 * that is not flushed shows in the next access; and every flush and every check looks whether a
 * cached frame or table has been freed already.
 */
#pragma once

#include <arch/mmu.h>
#include <lib/types.h>

/* Empties the caches; tables have `levels` levels from now on. */
void softmmu_reset(unsigned levels);

enum softmmu_result {
    SOFTMMU_OK,
    SOFTMMU_FAULT,    /* the tables do not permit it */
    SOFTMMU_SPURIOUS, /* they do, but a cached entry does not: to be fixed, and tried again */
};

/* An access (PROT_U, PROT_R, ...) as hardware would make it; *pa receives the physical address. */
enum softmmu_result softmmu_access(struct mmu_space *space, vaddr_t va, prot_t want, paddr_t *pa);

/*
 * Compares every cached translation of the space with its tables: what is cached and grants
 * something must be true still, and its frame in use. Ends the test otherwise.
 */
void softmmu_check(struct mmu_space *space);

/*
 * Several cpus run the space that is changed: one of them may use what is cached while another walks
 * the tables anew, so that the two must never lead to different frames. Off after softmmu_reset().
 */
extern bool softmmu_several;

/* What happened since softmmu_reset(). */
extern u64 softmmu_flushes, softmmu_spurious_fixes, softmmu_icache_syncs, softmmu_syncs;
