/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc: registration of its files. Directories and inodes are made as paths are walked; nothing
 * is kept for a process that nobody looks at.
 */
#pragma once

#include <fs/seq.h>
#include <lib/types.h>

/* The longest text that can be written to a file of /proc at once. */
#define PROC_STORE_MAX 255

/* A file /proc/<path>; path may hold directories ("sys/kernel/hostname"), which need no entry. */
struct proc_file {
    const char *path;
    u32 mode; /* permissions; 0 means 0444 */
    /* Prints the contents; 0 or -Exxx. seq->private is this struct. NULL: nothing to read. */
    int (*show)(struct seq *seq);
    /* What was written, terminated, without a last newline; 0 or -Exxx. NULL: -EACCES. */
    int (*store)(const char *text);
    const struct file_ops *ops; /* of a file that is no text; then neither of the above */
    struct proc_file *next;
};

/* Makes a file known, at start-up; the struct must stay for ever. */
void procfs_add(struct proc_file *file);

/* Registers the file system type "proc". At start-up. */
void procfs_init(void);

/* Registers the files about the whole machine (fs/proc_machine.c, fs/proc_memory.c). */
void proc_machine_init(void);
void proc_cpu_init(void);
void proc_memory_init(void);
