/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomic access to naturally aligned 32- and 64-bit words.
 *
 * Thin names over the compiler's __atomic builtins, so that the memory order stands at the
 * place of use. RISC-V is weakly ordered (RVWMO): "relaxed" really is.
 */
#pragma once

#include <lib/types.h>

#define atomic_load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* The fetch family returns the value before the operation. */
#define atomic_fetch_add(p, v)   __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define atomic_fetch_sub(p, v)   __atomic_fetch_sub((p), (v), __ATOMIC_ACQ_REL)
#define atomic_fetch_or(p, v)    __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define atomic_fetch_and(p, v)   __atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL)
#define atomic_add_relaxed(p, v) ((void)__atomic_fetch_add((p), (v), __ATOMIC_RELAXED))
#define atomic_exchange(p, v)    __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)

/*
 * Compare and swap: true if *p was old and is now new; otherwise *old_p holds what was found. Release and
 * acquire. It asks for more, because gcc 12 takes the fence in front of it from the order for failure, which
 * may not be a release: with (ACQ_REL, ACQUIRE) there is none.
 */
#define atomic_cas(p, old_p, new) \
    __atomic_compare_exchange_n((p), (old_p), (new), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

/* The same for those who take something: nothing that follows comes before it. */
#define atomic_cas_acquire(p, old_p, new) \
    __atomic_compare_exchange_n((p), (old_p), (new), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)

/*
 * Orders a relaxed load before everything after it: for those who have seen that they are alone and go
 * on without locks, behind what the last of the others did.
 */
#define atomic_acquire_fence() __atomic_thread_fence(__ATOMIC_ACQUIRE)

/* Full barrier between earlier and later memory accesses (fence rw,rw). */
#define atomic_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
