/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc: registration of its files. Directories and inodes are made as paths are walked; nothing
 * is kept for a process that nobody looks at.
 */
#pragma once

#include <fs/seq.h>
#include <lib/types.h>

struct process;

/* A file /proc/<path>; path may hold directories ("sys/kernel/hostname"), made as needed. */
struct proc_file {
    const char *path;
    u32 mode;                                   /* permissions; 0 means 0444 */
    int (*show)(struct seq *seq);               /* prints the contents; 0 or -Exxx */
    int (*store)(const char *text, size_t len); /* a write: len <= 255, terminated; NULL: -EACCES */
    struct proc_file *next;
};

/* Makes a file known; the struct must stay for ever. */
void procfs_add(struct proc_file *file);

/* Registers the type "proc" and the files about the whole machine. At start-up. */
void procfs_init(void);
