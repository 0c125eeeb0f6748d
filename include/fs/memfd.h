/* SPDX-License-Identifier: BSD-2-Clause */
/* Files in memory without a directory: memfd_create(2). */
#pragma once

#include <lib/types.h>

struct file;

/* The longest name that a caller may choose, and what stands in front of it. */
#define MEMFD_PREFIX   "memfd:"
#define MEMFD_NAME_MAX 249

/* At start-up. 0 or -ENOMEM. */
int memfd_init(void);

/*
 * A new empty file, open for reading and writing, with those permissions and seals (F_SEAL_*). `name` is
 * MEMFD_PREFIX and what the caller said. One reference, or ERR_PTR(-ENOMEM).
 */
struct file *memfd_open(const char *name, u32 mode, u32 seals);
