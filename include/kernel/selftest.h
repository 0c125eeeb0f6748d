/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Self-tests in the normal image: selftest=NAME[@cpu] on the command line runs a function that was
 * registered with SELFTEST (<base/init.h>) instead of pid 1, prints `selftest NAME: pass` or
 * `selftest NAME: fail why`, and powers off. selftest=NAME@end lets pid 1 run, and the test when
 * a program turns the machine off.
 */
#pragma once

#include <lib/types.h>

/* True when the command line asks for a self-test instead of pid 1. */
bool selftest_wanted(void);

/* Runs it on the cpu that was named (the boot cpu otherwise) and powers off. In a thread. */
__noreturn void selftest_run(void);

/* Runs the test that was asked for at the end, if one was. In a thread, before the machine is turned off. */
void selftest_at_end(void);

/* Formats a reason for a test to return; one buffer, so one test at a time. */
const char *selftest_fail(const char *format, ...) __printf_like(1, 2);

/* Runs fn(arg) in a kernel thread bound to each online cpu at the same time; waits for all. */
int selftest_on_all_cpus(void (*fn)(void *arg), void *arg);
