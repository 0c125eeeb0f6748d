/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks that run while a process or thread does. Their numbers are Linux's: CLOCK_PROCESS_CPUTIME_ID and
 * CLOCK_THREAD_CPUTIME_ID for the caller's, and negative ones that hold a pid or tid.
 */
#pragma once

#include <lib/types.h>

struct process;

enum cpu_clock_kind { CPU_CLOCK_PROF, CPU_CLOCK_VIRT, CPU_CLOCK_SCHED };

/* What such a number means. */
struct cpu_clock {
    int id; /* pid or tid; 0: the caller's */
    bool thread;
    enum cpu_clock_kind kind; /* user and system time, or user time alone */
};

/* Takes a number apart; false: it is not that of a cpu clock. */
bool cpu_clock_decode(int number, struct cpu_clock *clock);

/* Its time now, in ns; -EINVAL: there is no such process, or no such thread of the caller's. */
int cpu_clock_read(const struct cpu_clock *clock, u64 *ns);

/*
 * Sleeps until it shows `until` ns or more: 0; -EINTR; -EINVAL as above, and for the caller's own thread. The clock of a
 * process that ends stands still, and so does who sleeps by it. No lock held.
 */
int cpu_clock_sleep(const struct cpu_clock *clock, u64 until);

/* The same of a clock of process p (id: p's pid, or the tid of a thread of p). 0 when the thread is gone. Under process_lock. */
u64 cpu_clock_of_locked(const struct cpu_clock *clock, struct process *p);
