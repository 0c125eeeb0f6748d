/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of processes: what other layers hook in. The entry points are in <kernel/process.h>. */
#pragma once

struct thread;

/* Tells the signal code how processes end. Once, before pid 1. */
void exit_init(void);

/*
 * Futexes: clears the word at t->clear_child_tid and wakes who waits there. Called by the ending
 * thread while it still has its address space. Set by the layer that has futexes.
 */
extern void (*exit_clear_tid_hook)(struct thread *t);
