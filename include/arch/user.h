/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs may know of the machine: auxv values and hwprobe. */
#pragma once

#include <lib/types.h>

/* AT_HWCAP bits of Linux riscv64 (a letter's bit is letter - 'a'). */
u64 arch_hwcap(void);

/* The values behind riscv_hwprobe(2): true if the key is known. */
bool arch_hwprobe(s64 key, u64 *value);
