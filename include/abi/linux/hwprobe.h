/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: what riscv_hwprobe tells (its documentation: arch/riscv/hwprobe.rst). */
#ifndef ABI_LINUX_HWPROBE_H
#define ABI_LINUX_HWPROBE_H

#include <lib/types.h>

struct linux_hwprobe {
    s64 key;
    u64 value;
};

#define RISCV_HWPROBE_KEY_MVENDORID     0
#define RISCV_HWPROBE_KEY_MARCHID       1
#define RISCV_HWPROBE_KEY_MIMPID        2
#define RISCV_HWPROBE_KEY_BASE_BEHAVIOR 3
#define RISCV_HWPROBE_KEY_IMA_EXT_0     4
#define RISCV_HWPROBE_KEY_CPUPERF_0     5

#define RISCV_HWPROBE_BASE_BEHAVIOR_IMA  1ul
#define RISCV_HWPROBE_IMA_FD             1ul
#define RISCV_HWPROBE_IMA_C              2ul
#define RISCV_HWPROBE_MISALIGNED_UNKNOWN 0ul

#endif
