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

/*
 * The cpu takes the space up. Returns the word as it was: LAZY tells that no fence is needed. Orders
 * nothing: the caller has a fence of its own behind it.
 */
static inline u64 space_enter(u64 *word, u32 cpu)
{
    u64 seen = atomic_load_relaxed(word);
    u64 wanted;

    do
        wanted = (seen & ~SPACE_LAZY(cpu)) | SPACE_RUNNING(cpu);
    while (!__atomic_compare_exchange_n(word, &seen, wanted, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
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

extern bool mmu_pti; /* pti=on: user tables hold nothing of the kernel but the entry area */

/* ASIDs 1 .. mmu_asids are for programs, on each hart for itself; 0: the core has none. */
extern u32 mmu_asids;

/* The next return to user mode enters this space; with pti=off this hart takes its root at once. */
void mmu_take_root(const struct mmu_space *space, u64 asid);

/* pti=off: this hart, which is in the kernel, stands on no program's root from here on. */
void mmu_leave_root(void);

/* --- spaces.c ----------------------------------------------------------------------------------- */

/* Before this hart first takes a space up. */
void spaces_init_cpu(void);

/* --- icache.c ----------------------------------------------------------------------------------- */

extern u64 icache_generation;
extern u64 icache_seen[]; /* by cpu: up to which generation its hart has fenced */
void icache_fence_here(u64 now);

/* This cpu runs programs again: it fetches nothing older than what is executable now. */
static inline void icache_catch_up(u32 cpu)
{
    u64 now = atomic_load_acquire(&icache_generation);

    if (unlikely(atomic_load_relaxed(&icache_seen[cpu]) != now))
        icache_fence_here(now);
}
