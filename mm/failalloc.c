/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Failing allocations on purpose. One counter for the machine; while it is zero, which is always but
 * in tests, the allocators pay one load. The thread is remembered by its address alone, so the end
 * of a thread takes its counter along (failalloc_forget).
 */
#include <base/atomic.h>
#include <base/init.h>
#include <base/log.h>
#include <base/percpu.h>
#include <lib/errno.h>
#include <lib/num.h>
#include <lib/types.h>
#include <mm/failalloc.h>

u32 failalloc_armed;
static const struct thread *only; /* NULL: allocations of every thread count */
static u32 at_start;              /* failalloc=K */

static int parse(const char *value)
{
    u64 k;

    if (num_parse_u64(value, 0, &k) || k > ~0u)
        return -EINVAL;
    at_start = (u32)k;
    return 0;
}
PARAM("failalloc", parse);

static void arm(u32 k, const struct thread *thread)
{
    only = thread;
    atomic_store_release(&failalloc_armed, k);
}

void failalloc_start(void)
{
    if (at_start)
        failalloc_arm(at_start);
    at_start = 0;
}

void failalloc_arm(u32 k)
{
    arm(k, NULL);
}

void failalloc_arm_thread(u32 k)
{
    arm(k, current_thread());
}

void failalloc_forget(const struct thread *thread)
{
    if (failalloc_left() && only == thread)
        arm(0, NULL);
}

u32 failalloc_left(void)
{
    return atomic_load_relaxed(&failalloc_armed);
}

bool failalloc_hit(const char *what, size_t size)
{
    u32 left = atomic_load_acquire(&failalloc_armed);

    if (only && only != current_thread())
        return false;
    while (left && !atomic_cas(&failalloc_armed, &left, left - 1))
        ;
    if (left != 1)
        return false;
    log_debug("failalloc: refused %lu bytes (%s)", size, what);
    return true;
}
