/* SPDX-License-Identifier: BSD-2-Clause */
/* A full memory fence on every cpu, for membarrier(2). */
#pragma once

/*
 * Returns when each online cpu has executed a full fence since the call. Interrupts on, no locks held:
 * two that call it at once answer each other.
 */
void membarrier_all(void);

/* For trap_ipi(): answers who waits for this cpu. */
void membarrier_poll(void);
