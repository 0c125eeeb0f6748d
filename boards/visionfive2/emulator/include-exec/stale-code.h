/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds guests that run code without having fenced the stores that made it
 */

#ifndef EXEC_STALE_CODE_H
#define EXEC_STALE_CODE_H

#include "exec/ramlist.h"
#include "hw/core/cpu.h"

/* Per page of RAM: the epoch of the last store to it; NULL while not in use */
extern uint32_t *stale_code_epochs;

static inline bool stale_code_in_use(void)
{
    return unlikely(stale_code_epochs != NULL);
}

/* To be called by the machine once all its RAM exists */
void stale_code_enable(void);

/* cpu synchronizes its instruction fetches with all stores so far (fence.i) */
void stale_code_fence(CPUState *cpu);

/* Somebody stores to RAM: a cpu for the first time since a fence, or a device */
void stale_code_store(ram_addr_t addr, ram_addr_t length);

/* True if the page of addr was stored to since cpu's last fence */
static inline bool stale_code_suspect(CPUState *cpu, ram_addr_t addr)
{
    return cpu->stale_code_since && addr != (ram_addr_t)-1 &&
           qatomic_read(&stale_code_epochs[addr >> TARGET_PAGE_BITS]) >=
           cpu->stale_code_since;
}

/* The epoch of the last store to the page of addr */
static inline uint32_t stale_code_epoch(ram_addr_t addr)
{
    return qatomic_read(&stale_code_epochs[addr >> TARGET_PAGE_BITS]);
}

#endif
