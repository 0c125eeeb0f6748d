/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's command line: registered words (PARAM in <base/init.h>) go to their handlers, and
 * the rest goes to pid 1: key=value into its environment, bare words and all behind "--" into
 * its arguments.
 */
#pragma once

#include <lib/types.h>

#define CMDLINE_MAX 2048

/* Keeps a copy and calls the registered handlers. Once, early; the log works. */
void cmdline_init(const char *line);

/* The whole line as it was given (for /proc/cmdline). */
const char *cmdline_get_line(void);

/* Words for pid 1: NULL-terminated, in order; argv without argv[0]. */
const char *const *cmdline_init_args(void);
const char *const *cmdline_init_env(void);

/* init=PATH, or NULL when none was given. */
const char *cmdline_init_path(void);
