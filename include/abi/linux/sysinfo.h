/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: what sysinfo returns. */
#ifndef ABI_LINUX_SYSINFO_H
#define ABI_LINUX_SYSINFO_H

#include <lib/types.h>

struct linux_sysinfo {
    s64 uptime;   /* seconds */
    u64 loads[3]; /* 1, 5, 15 minutes; 16 bits of fraction */
    u64 totalram; /* in units of mem_unit bytes, as all that follow */
    u64 freeram;
    u64 sharedram;
    u64 bufferram;
    u64 totalswap;
    u64 freeswap;
    u16 procs;
    u16 pad[3];
    u64 totalhigh;
    u64 freehigh;
    u32 mem_unit;
    u32 pad2;
};
static_assert(sizeof(struct linux_sysinfo) == 112, "struct sysinfo");

#endif
