/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduler of tests with one thread: whoever would sleep has found a bug. */
#include "no_sleep.h"
#include <base/wait.h>
#include <stdio.h>
#include <stdlib.h>

unsigned no_sleep_yields;
void (*no_sleep_others)(void);

void sched_prepare(enum wait_mode mode)
{
    (void)mode;
    fprintf(stderr, "the only thread is about to sleep\n");
    abort();
}

int sched_block(u64 deadline)
{
    (void)deadline;
    abort();
}

void sched_unprepare(void)
{
}

bool sched_wake(struct thread *thread)
{
    (void)thread;
    return false;
}

void sched_preempt(void)
{
    void (*others)(void) = no_sleep_others;

    no_sleep_yields++;
    no_sleep_others = NULL;
    if (others)
        others();
}
