/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: commands of membarrier. */
#ifndef ABI_LINUX_MEMBARRIER_H
#define ABI_LINUX_MEMBARRIER_H

#define MEMBARRIER_CMD_QUERY                      0
#define MEMBARRIER_CMD_GLOBAL                     1
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED          8
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED 16

#endif
