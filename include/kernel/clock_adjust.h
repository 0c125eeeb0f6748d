/* SPDX-License-Identifier: BSD-2-Clause */
/* Setting the calendar, and adjusting it: its rate, leap seconds, what is known of its errors. */
#pragma once

#include <abi/linux/timex.h>
#include <lib/types.h>

/* Sets the calendar to `ns` since 1970 and tells everybody; what was being slewed away is forgotten. A thread's context. */
void clock_set(u64 ns);

/*
 * As adjtimex(2): does what `tx->modes` says, and fills in how things are. TIME_OK to TIME_ERROR; -EINVAL; -EPERM
 * without CAP_SYS_TIME, if anything is to be changed. A thread's context.
 */
int clock_adjust(struct linux_timex *tx);
