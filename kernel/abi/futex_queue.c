/* SPDX-License-Identifier: BSD-2-Clause */
/* The buckets in which those who wait for futexes are found by key. See futex.c. */
#include "futex_impl.h"

#include <base/init.h>

struct bucket futex_buckets[BUCKETS];

static void futex_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        spin_init(&futex_buckets[i].lock, "futex");
        list_init(&futex_buckets[i].waiters);
    }
}
INITCALL(INIT_FS, futex_init);
