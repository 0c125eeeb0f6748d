/* SPDX-License-Identifier: BSD-2-Clause */
/* What benchmarks without a C library share: ends at the first error, and the other side of a round trip. */
#ifndef USER_BENCH_H
#define USER_BENCH_H

#include "sys.h"
#include "text.h"

__noreturn static inline void fail(const char *what, long error)
{
    print("FAIL %s: error %ld\n", what, -error);
    sys_exit(1);
}

/* The result of a call that must succeed. */
static inline long must(const char *what, long rc)
{
    if (rc < 0)
        fail(what, rc);
    return rc;
}

/* In the child: sends back what comes until nothing comes. */
__noreturn static inline void echo(int from, int to)
{
    char byte;

    while (SYS(read, from, &byte, 1) == 1)
        SYS(write, to, &byte, 1);
    sys_exit(0);
}

#endif
