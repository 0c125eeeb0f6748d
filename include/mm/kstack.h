/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel stacks with guards.
 *
 * Stack i owns the 32 KiB-aligned slot KSTACK_BASE + i * 32 KiB. Its upper 16 KiB are mapped, its
 * lower half never is: bit 14 of a stack pointer inside a healthy frame is set, and one
 * that has run over has it clear, which is what trap entry tests before it stores anything.
 *
 * Dead stacks stay mapped in a cache, because unmapping one costs a flush on every cpu; a batch of
 * them is unmapped with one flush when the cache is full or memory is short.
 */
#pragma once

#include <arch/mmu.h>
#include <lib/types.h>

#define KSTACK_BYTES  (16 * KiB)
#define KSTACK_STRIDE (32 * KiB)

struct kstack {
    vaddr_t top; /* one past the last byte, 16-byte aligned: where sp begins */
    u32 slot;
};

/*
 * A mapped stack that belongs to `owner` (a string that outlives it or the next set_owner; it is
 * what a panic names). The contents are noise. 0 or -ENOMEM. Any context but interrupts. The
 * caller's cpu may use it at once; other cpus call kvm_sync_cpu() before they run on it.
 */
int kstack_alloc(struct kstack *out, const char *owner);

/* Gives a stack back. Nobody runs on it any more. */
void kstack_free(const struct kstack *stack);

/* Renames the owner, for instance after exec. */
void kstack_set_owner(u32 slot, const char *owner);

/*
 * The owner of the stack, or of the guard below it, that holds `addr`; NULL when addr is no stack
 * address or the slot is not in use. Takes no lock: for panic.
 */
const char *kstack_owner(vaddr_t addr);

/* Unmaps the cached dead stacks and frees their frames; returns the number of frames. */
size_t kstack_drain(void);

/* For /proc and the conservation test: stacks in use, and dead ones in the cache. */
void kstack_count(u32 *used, u32 *cached);
