/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry points that trap_entry.S calls, and what panic needs of them. */
#pragma once

#include <arch/trap.h>
#include <lib/types.h>

struct trap_frame;

void trap_from_user(struct trap_frame *tf, u64 cause);
/* Calls trap_user_work() until nothing is left to do; interrupts off at entry and exit. */
void trap_do_user_work(struct trap_frame *tf);

void trap_from_kernel(struct trap_frame *tf);
void trap_from_early(struct trap_frame *tf);
void trap_misrouted(struct trap_frame *tf);
void trap_stack_overflow(struct trap_frame *tf);

/* scause in words, and what it means to portable code (causes.c). Never NULL. */
struct trap_cause {
    const char *words;
    enum fault_kind kind;
};
const struct trap_cause *trap_cause(u64 cause);

/* True once a panic elsewhere wants this hart to stop (halt.c). Called in IPIs. */
bool trap_stop_requested(void);
