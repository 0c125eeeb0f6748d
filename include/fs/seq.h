/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text made on demand: what /proc files are. The whole text is printed into memory when the file
 * is first read and served from there, so that a reader sees one moment in time, and printing may
 * sleep, allocate and take locks.
 */
#pragma once

#include <lib/fmt.h>

struct seq {
    struct fmt_sink sink; /* print with fmt_print(&seq->sink, ...) or seq_print */
    char *text;
    size_t len;
    size_t size;
    bool no_memory; /* text is incomplete */
};

#define seq_print(seq, ...) fmt_print(&(seq)->sink, __VA_ARGS__)

void seq_init(struct seq *seq);
void seq_free(struct seq *seq);

/* Appends raw bytes. */
void seq_put(struct seq *seq, const char *bytes, size_t len);
