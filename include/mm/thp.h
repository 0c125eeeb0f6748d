/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which programs' memory gets 2 MiB pages by itself: thp=always|madvise|never on the command line, and
 * /proc/sys/vm/thp. Any context; a change counts for faults from then on.
 */
#pragma once

enum thp_mode {
    THP_ALWAYS,  /* private anonymous memory, but where madvise said MADV_NOHUGEPAGE */
    THP_MADVISE, /* only where it said MADV_HUGEPAGE */
    THP_NEVER,
};

enum thp_mode thp_mode(void);
/* "always", "madvise" or "never". */
const char *thp_mode_name(enum thp_mode mode);
/* By the same names; -EINVAL for any other. */
int thp_set_mode(const char *name);
