/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of cpus, and which of them are up. Written at boot, read everywhere. */
#include <base/atomic.h>
#include <base/percpu.h>

struct cpu cpu_table[CPU_MAX];
static u32 count = 1;
static u32 online;

u32 cpu_count(void)
{
    return count;
}

void cpu_set_count(u32 n)
{
    count = n;
}

bool cpu_online(u32 id)
{
    return atomic_load_acquire(&online) & 1u << id;
}

u32 cpu_online_set(void)
{
    return atomic_load_acquire(&online);
}

void cpu_set_online(u32 id)
{
    atomic_fetch_or(&online, 1u << id);
}
