/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/cpu.h> for tests/host/test_arch_timer.c: one hart, whose waiting the test sees. */
#pragma once

#include <lib/types.h>

struct arch_cpu {
    u64 timer;
};

extern struct cpu model_cpu;

void model_idle(void);

static inline struct cpu *arch_this_cpu(void)
{
    return &model_cpu;
}

static inline void arch_idle(void)
{
    model_idle();
}
