/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux's limits on names and vectors. */
#ifndef ABI_LINUX_LIMITS_H
#define ABI_LINUX_LIMITS_H

#define PATH_MAX    4096 /* with the NUL */
#define NAME_MAX    255  /* without */
#define IOV_MAX     1024
#define NGROUPS_MAX 65536
/* The most that one read or write moves: the largest int, rounded down to a page. */
#define MAX_RW_COUNT 0x7ffff000ul

#endif
