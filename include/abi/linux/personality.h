/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: personality(2). */
#ifndef ABI_LINUX_PERSONALITY_H
#define ABI_LINUX_PERSONALITY_H

#define PER_LINUX         0x0u
#define ADDR_NO_RANDOMIZE 0x0040000u
#define PERSONALITY_QUERY 0xffffffffu

#endif
