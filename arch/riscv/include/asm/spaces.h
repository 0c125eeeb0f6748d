/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which harts know of an address space: the word in struct mmu_space, and what mmu.c, spaces.c and
 * icache.c want of each other.
 *
 * The word has two bits for each cpu. RUNNING: its hart may use translations of the space at any
 * moment. LAZY: it does not run the space, but what it has cached of it is good, and it may take the
 * space up again without a fence. Neither: it fences before it takes the space up. Each step below is
 * one atomic operation; docs/virtual-memory.md has the protocol, and why nothing is lost between two
 * steps.
 */
#pragma once

#include <base/atomic.h>
#include <lib/types.h>

struct mmu_space;

#define SPACE_RUNNING(cpu) (1ul << (cpu))
#define SPACE_LAZY(cpu)    (1ul << 32 << (cpu))
#define SPACE_ALL_RUNNING  0xfffffffful
#define SPACE_ALL_LAZY     (SPACE_ALL_RUNNING << 32)

/* The cpu takes the space up. Returns the word as it was: LAZY tells that no fence is needed. */
static inline u64 space_enter(u64 *word, u32 cpu)
{
    u64 seen = atomic_load_relaxed(word);

    while (!atomic_cas(word, &seen, (seen & ~SPACE_LAZY(cpu)) | SPACE_RUNNING(cpu)))
        ;
    return seen;
}

/* It gives the space up; keeps: what it has cached stays under an ASID of the space's own. */
static inline void space_leave(u64 *word, u32 cpu, bool keeps)
{
    /* RUNNING is set and LAZY is not, so the sum changes these two bits and no others. */
    atomic_fetch_add(word, (keeps ? SPACE_LAZY(cpu) : 0) - SPACE_RUNNING(cpu));
}

/* What was changed in the tables counts from here on: nobody is LAZY any more. The word as it was. */
static inline u64 space_expire(u64 *word)
{
    u64 seen = atomic_load_relaxed(word);

    return seen & SPACE_ALL_LAZY ? atomic_fetch_and(word, SPACE_ALL_RUNNING) : seen;
}

/* The cpu's ASID goes to another space. */
static inline void space_forget(u64 *word, u32 cpu)
{
    atomic_fetch_and(word, ~SPACE_LAZY(cpu));
}

/* --- mmu.c -------------------------------------------------------------------------------------- */

/* ASIDs 1 .. mmu_asids are for programs, on each hart for itself; 0: the core has none. */
extern u32 mmu_asids;

/* The next return to user mode enters this space; with pti=off this hart takes its root at once. */
void mmu_take_root(const struct mmu_space *space, u64 asid);

/* This hart, which is in the kernel, stands on no program's root from here on. */
void mmu_leave_root(void);

/* --- spaces.c ----------------------------------------------------------------------------------- */

/* Before this hart first takes a space up. */
void spaces_init_cpu(void);

/* --- icache.c ----------------------------------------------------------------------------------- */

/* This hart runs programs again: it fetches nothing older than what is executable now. */
void icache_catch_up(void);
