/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out of memory: which process dies, so that the others can live.
 *
 * A page is promised when memory is booked and has to be had when it is used; that is too late for
 * an error. When a program's access gets no page, the process with the highest score ends: pages
 * that it has (resident, page tables, unread in pipes and sockets), and half of what its children have,
 * moved up or down by oom_score_adj, which counts in thousandths of memory. Pid 1 never does, nor who has -1000.
 * System calls that need memory themselves fail with -ENOMEM and kill nobody; where they read or write the program's
 * memory (<mm/usercopy.h>), that is its access.
 */
#pragma once

#include <lib/types.h>

struct process;

#define OOM_ADJ_MIN (-1000)
#define OOM_ADJ_MAX 1000

/*
 * The current thread's access to its memory has found no page. Returns when there may be memory again,
 * so that the access is worth another try, or when the current process is to die itself. False: nobody
 * can be killed, and there is none. May sleep; no lock held.
 */
bool oom_handle(void);

/* A process's score in thousandths of memory, 0 for who is never chosen. Any thread; no lock held. */
u32 oom_score(struct process *p);

/*
 * Sets oom_score_adj; threads share it, children inherit it. -EINVAL: out of range; -EACCES: below what somebody with
 * CAP_SYS_RESOURCE has set last, for who has not. Takes process_lock.
 */
int oom_set_adj(struct process *p, int adj);
