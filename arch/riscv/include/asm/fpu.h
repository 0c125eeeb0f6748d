/* SPDX-License-Identifier: BSD-2-Clause */
/* The running thread's floating-point state (context.c). Interrupts off, or the thread's own. */
#pragma once

#include <lib/types.h>

struct arch_context;
struct trap_frame;

/* Registers to memory, if they changed. */
void fpu_sync(struct arch_context *ctx);

/* Memory to registers. */
void fpu_reload(struct arch_context *ctx);

/* An illegal instruction with the FPU off may be the first use: turns it on; true if retry. */
bool fpu_first_use(struct trap_frame *tf);
