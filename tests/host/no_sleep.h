/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduler of tests with one thread: see no_sleep.c. */
#pragma once

/* How often the cpu was offered to others. */
extern unsigned no_sleep_yields;

/* What the others do when they are offered the cpu next, once; NULL: nothing. */
extern void (*no_sleep_others)(void);
