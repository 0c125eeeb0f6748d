/* SPDX-License-Identifier: BSD-2-Clause */
/* Implements <arch/time.h> for tests/host/test_arch_timer.c: time passes where the test says so. */
#pragma once

#include <lib/types.h>

u64 arch_ticks(void);
