/* SPDX-License-Identifier: BSD-2-Clause */
/* timerfd: a timer that is read. Times in ns. */
#pragma once

#include <lib/types.h>

struct file;

/* timerfd_create(2): the descriptor, or -EINVAL, -ENOMEM, -EMFILE. */
int timerfd_create(int clock, unsigned flags);

/* What is left until the timer rings (0: it is off), and its interval. -EINVAL: no timerfd. */
int timerfd_get(struct file *file, u64 *value, u64 *interval);

/*
 * Sets the timer, relatively or (TFD_TIMER_ABSTIME) to a time of its clock; value 0: off. What was left is returned
 * as by timerfd_get(). -EINVAL: no timerfd, flags.
 */
int timerfd_set(struct file *file, unsigned flags, u64 value, u64 interval, u64 *old_value,
                u64 *old_interval);
