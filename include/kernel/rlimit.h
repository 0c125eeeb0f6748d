/* SPDX-License-Identifier: BSD-2-Clause */
/* Resource limits of a process: numbers of Linux's RLIMIT_*, soft and hard. */
#pragma once

#include <abi/linux/resource.h>
#include <lib/types.h>

#define RLIMIT_COUNT 16
#define RLIMIT_NONE  (~0ul)

struct rlimit {
    u64 soft;
    u64 hard;
};

struct process;
struct uvm;

/* The limits that pid 1 starts with. */
void rlimit_init_process(struct process *p);

/* Reads a limit of a process. -EINVAL: no such resource. */
int rlimit_get(struct process *p, unsigned resource, struct rlimit *out);

/*
 * Changes a limit of the current process; memory limits reach its address space at once. After one of
 * RLIMIT_CPU the caller calls itimer_watch(). -EINVAL, -EPERM (a higher one, without
 * CAP_SYS_RESOURCE).
 */
int rlimit_set(unsigned resource, const struct rlimit *limit);

/*
 * Gives an address space the memory limits of the current process: exec, before it maps, and after
 * capset. may_lock: the process has (or is to have) CAP_IPC_LOCK, and RLIMIT_MEMLOCK means nothing.
 */
void rlimit_apply(struct uvm *uvm, bool may_lock);

/* The soft limit of the current process, for the place that obeys it. */
u64 rlimit_current(unsigned resource);
