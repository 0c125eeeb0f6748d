/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several cpus in one thread of the host: coroutines that change places before each spinlock, by a seeded choice. What
 * happens between two looks under a lock, or between a look and a step, happens here as often as not, on a busy host as
 * on an idle one; and the same seed gives the same run. What cpus do to each other while none takes a lock does not show.
 *
 * Test programs name tests/host/hostcpus.c among their sources in place of kernel/base/spinlock.c.
 */
#pragma once

#include <lib/types.h>

/* Runs fn(0) to fn(count - 1), each on the cpu of that number, until all have returned. At most 8; no cpu may sleep. */
void host_cpus_run(u32 count, u64 seed, void (*fn)(u32 cpu));
