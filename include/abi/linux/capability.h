/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: capget and capset. */
#ifndef ABI_LINUX_CAPABILITY_H
#define ABI_LINUX_CAPABILITY_H

#include <lib/types.h>

#define LINUX_CAPABILITY_VERSION_1 0x19980330u
#define LINUX_CAPABILITY_VERSION_2 0x20071026u
#define LINUX_CAPABILITY_VERSION_3 0x20080522u

struct linux_cap_header {
    u32 version;
    s32 pid;
};

/* One of these in version 1; then two, the lower 32 capabilities first. */
struct linux_cap_data {
    u32 effective, permitted, inheritable;
};

#endif
