/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program file of a process (/proc/<pid>/exe): part PROC_PART_EXE. Fork shares it, exec
 * replaces it, exit drops it. A spinlock guards the pointer against lookers from outside.
 */
#pragma once

#include <fs/file.h>

struct process;
struct proc_part;

/* For start-up: registered as PROC_PART_EXE. */
extern const struct proc_part exe_part;

/* The current process runs `file` from now on; takes its own reference. For exec, after the
 * point of no return. */
void exe_set(struct file *file);

/* The program of a process, referenced, or NULL (kernel, ended). */
struct file *exe_of(struct process *process);
