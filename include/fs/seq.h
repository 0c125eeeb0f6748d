/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text made on demand: what the files of /proc are. The whole text is printed into memory when
 * the file is read at position 0 and served from there, so that a reader sees one moment in time,
 * and printing may sleep, allocate and take locks.
 */
#pragma once

#include <fs/file.h>
#include <lib/fmt.h>

struct seq {
    struct fmt_sink sink; /* print with fmt_print(&seq->sink, ...) or seq_print */
    char *text;
    size_t len;
    size_t size;
    bool no_memory;               /* text is incomplete */
    int (*show)(struct seq *seq); /* prints everything; 0 or -Exxx */
    void *private;                /* for show */
    struct mutex lock;            /* text, against readers who share the file */
};

#define seq_print(seq, ...) fmt_print(&(seq)->sink, __VA_ARGS__)

/* Appends raw bytes. */
void seq_put(struct seq *seq, const char *bytes, size_t len);

/* A set of numbers below 64 as a list of runs, and the end of the line: 0-2,4. */
void seq_print_set(struct seq *seq, u64 set);

/* file_ops: open gives the file a seq as file->private; 0 or -ENOMEM. */
int seq_open(struct file *file, int (*show)(struct seq *seq));
void seq_release(struct file *file);
ssize_t seq_read(struct file *file, struct iobuf *to, u64 *pos);
