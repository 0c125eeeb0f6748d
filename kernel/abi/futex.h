/* SPDX-License-Identifier: BSD-2-Clause */
/* Futexes, for those in the kernel who wake them. */
#pragma once

#include <lib/types.h>

/* Wakes up to `count` threads that wait on the word at `addr`; how many, or -EFAULT, -EINVAL. */
long futex_wake_address(vaddr_t addr, u32 count);
