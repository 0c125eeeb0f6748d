/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX timers of the current process: they send a signal when they are due. Times in ns. They are not inherited
 * by a child and end with exec. See kernel/posix_timer.c.
 */
#pragma once

#include <lib/types.h>

/* What a timer is to do. */
struct posix_timer_plan {
    int clock;
    int notify; /* SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID */
    int signo;
    int tid;          /* with SIGEV_THREAD_ID: a thread of the process */
    bool value_is_id; /* si_value is the timer's id */
    u64 value;        /* si_value */
};

/* A timer that is off: its id, or -EINVAL, -EOPNOTSUPP (a clock without timers), -EAGAIN (RLIMIT_SIGPENDING), -ENOMEM. */
int posix_timer_create(const struct posix_timer_plan *plan);

/*
 * Sets a timer, relatively or to a time of its clock; value 0: off. What was left and its interval come back in
 * *old_value (0: it was off) and *old_interval. -EINVAL: no such timer.
 */
int posix_timer_set(int id, bool absolute, u64 value, u64 interval, u64 *old_value,
                    u64 *old_interval);
int posix_timer_get(int id, u64 *value, u64 *interval);

/* Expirations that the last signal of the timer stood for beside its own. -EINVAL. */
int posix_timer_overrun(int id);

/* A signal that is on its way stays so. -EINVAL. */
int posix_timer_delete(int id);
