/* SPDX-License-Identifier: BSD-2-Clause */
/* How a secondary hart gets from firmware into the kernel. */
#pragma once

#include <lib/types.h>

struct cpu;

/* What a starting hart reads, with satp 0, at the physical address that hart_start handed it. */
struct hart_start {
    u64 hartid;
    u64 early_satp;  /* early tables: the identity page and the image */
    u64 kernel_satp; /* the kernel's root */
    u64 stack;       /* virtual, in the kernel's table */
    struct cpu *cpu; /* virtual */
    u64 entry;       /* virtual address of secondary_virtual */
};

/* Of each cpu, in head.S; stack is 0 while it has not been filled in. */
extern struct hart_start hart_starts[];

/* An IPI even where arch_ipi() leaves it out, because one is outstanding: for the end. (ipi.c) */
void ipi_send_anyway(u32 cpu);

/* This hart has taken a software interrupt, and looks next at what it is asked for. */
void ipi_taken(void);

/*
 * Has firmware do a remote fence on a set of cpus and waits for it. A refusal is a panic: nothing can be
 * freed safely after it. (fence.c)
 */
void smp_fence(u32 cpus, int (*fence)(u64 mask, u64 base, vaddr_t start, size_t size),
               vaddr_t start, size_t size);

/* Asks all harts but this one to stop when they look; the cpus that have (halt.c). */
void stop_request(void);
u32 stop_stopped(void);
