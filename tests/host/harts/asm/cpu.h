/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/cpu.h> for the model of harts. */
#pragma once

#include "../model.h"

struct arch_cpu {
    u64 hartid;
};

static inline struct cpu *arch_this_cpu(void)
{
    return model_cpu;
}
