/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/<pid>/limits: the soft and hard limits of a process, in Linux's words. */
#include <fs/proc_pid.h>

#include <kernel/process.h>
#include <kernel/rlimit.h>
#include <lib/fmt.h>

static const struct {
    const char *name, *unit;
} limits[RLIMIT_COUNT] = {
    [RLIMIT_CPU] = {"Max cpu time", "seconds"},
    [RLIMIT_FSIZE] = {"Max file size", "bytes"},
    [RLIMIT_DATA] = {"Max data size", "bytes"},
    [RLIMIT_STACK] = {"Max stack size", "bytes"},
    [RLIMIT_CORE] = {"Max core file size", "bytes"},
    [RLIMIT_RSS] = {"Max resident set", "bytes"},
    [RLIMIT_NPROC] = {"Max processes", "processes"},
    [RLIMIT_NOFILE] = {"Max open files", "files"},
    [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
    [RLIMIT_AS] = {"Max address space", "bytes"},
    [RLIMIT_LOCKS] = {"Max file locks", "locks"},
    [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
    [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
    [RLIMIT_NICE] = {"Max nice priority", ""},
    [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
    [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
};

static void print_value(struct seq *seq, u64 value)
{
    char text[24] = "unlimited";

    if (value != RLIMIT_NONE)
        fmt_snprintf(text, sizeof(text), "%lu", value);
    seq_print(seq, "%-20s ", text);
}

int proc_show_limits(struct seq *seq)
{
    seq_print(seq, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < RLIMIT_COUNT; i++) {
        struct rlimit limit;

        rlimit_get(proc_seq_process(seq), i, &limit);
        seq_print(seq, "%-25s ", limits[i].name);
        print_value(seq, limit.soft);
        print_value(seq, limit.hard);
        seq_print(seq, "%-10s\n", limits[i].unit);
    }
    return 0;
}
