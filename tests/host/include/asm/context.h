/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/context.h> for host tests: threads are data, nobody switches to them. */
#pragma once

#define ARCH_FRAME_SIZE 288ul

struct arch_context {
    int unused;
};
