/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of /proc about the whole machine: time, cpus, load, mounts, version. */
#include <fs/procfs.h>

#include <arch/cpu.h>
#include <base/build.h>
#include <base/percpu.h>
#include <fs/dev.h>
#include <fs/mount.h>
#include <kernel/cmdline.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/time.h>

#define TICK_NS (NSEC_PER_SEC / 100) /* the unit of times here: USER_HZ is 100 */

static u64 uptime_ns(void)
{
    return time_now_ns() - time_boot_ns();
}

/* Time in the idle threads of all cpus. */
static u64 idle_ns(void)
{
    struct sched_stats stats;
    u64 ticks = 0;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        sched_cpu_stats(cpu, &stats);
        ticks += stats.idle_ticks;
    }
    return time_ticks_to_ns(ticks);
}

static void print_centis(struct seq *seq, u64 ns, const char *end)
{
    seq_print(seq, "%lu.%02lu%s", ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / (NSEC_PER_SEC / 100), end);
}

static int show_uptime(struct seq *seq)
{
    print_centis(seq, uptime_ns(), " ");
    print_centis(seq, idle_ns(), "\n");
    return 0;
}

static int show_loadavg(struct seq *seq)
{
    struct sched_stats stats;
    u64 load[3];
    u32 runnable = 0;

    loadavg_get(load);
    for (unsigned i = 0; i < 3; i++)
        seq_print(seq, "%lu.%02lu ", load[i] / LOAD_ONE, load[i] % LOAD_ONE * 100 / LOAD_ONE);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        sched_cpu_stats(cpu, &stats);
        runnable += stats.runnable;
    }
    seq_print(seq, "%u/%u %d\n", runnable, process_thread_count(), process_last_pid());
    return 0;
}

/* --- stat ------------------------------------------------------------------------------------ */

static void stats_add(struct sched_stats *sum, const struct sched_stats *one)
{
    sum->counters.switches += one->counters.switches;
    sum->idle_ticks += one->idle_ticks;
    sum->user_ticks += one->user_ticks;
    sum->system_ticks += one->system_ticks;
    sum->runnable += one->runnable;
    sum->blocked += one->blocked;
}

/* user nice system idle iowait irq softirq steal guest guest_nice */
static void print_times(struct seq *seq, const struct sched_stats *stats)
{
    seq_print(seq, " %lu 0 %lu %lu 0 0 0 0 0 0\n", time_ticks_to_ns(stats->user_ticks) / TICK_NS,
              time_ticks_to_ns(stats->system_ticks) / TICK_NS,
              time_ticks_to_ns(stats->idle_ticks) / TICK_NS);
}

static int show_stat(struct seq *seq)
{
    struct sched_stats sum = {.runnable = 0}, one;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        sched_cpu_stats(cpu, &one);
        stats_add(&sum, &one);
    }
    seq_print(seq, "cpu ");
    print_times(seq, &sum);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        sched_cpu_stats(cpu, &one);
        seq_print(seq, "cpu%u", cpu);
        print_times(seq, &one);
    }
    seq_print(seq, "intr 0\nctxt %lu\nbtime %lu\nprocesses %d\n", sum.counters.switches,
              time_boot_realtime_ns() / NSEC_PER_SEC, process_last_pid());
    seq_print(seq, "procs_running %u\nprocs_blocked %u\n", sum.runnable, sum.blocked);
    return 0;
}

/* --- the rest -------------------------------------------------------------------------------- */

static int show_cpuinfo(struct seq *seq)
{
    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        seq_print(seq, "processor\t: %u\n", cpu);
        arch_cpu_describe(cpu, &seq->sink);
        seq_print(seq, "\n");
    }
    return 0;
}

static int show_version(struct seq *seq)
{
    seq_print(seq, "%s version %s (%s)\n", QUIRE_NAME, QUIRE_VERSION, build_id());
    return 0;
}

static int show_cmdline(struct seq *seq)
{
    seq_print(seq, "%s\n", cmdline_get_line());
    return 0;
}

static int show_mounts(struct seq *seq)
{
    mount_print(&seq->sink);
    return 0;
}

static int show_filesystems(struct seq *seq)
{
    fs_type_print(&seq->sink);
    return 0;
}

static int show_devices(struct seq *seq)
{
    seq_print(seq, "Character devices:\n");
    for (struct cdev *cdev = cdev_next(NULL); cdev; cdev = cdev_next(cdev))
        seq_print(seq, "%3u:%-3u %s\n", DEV_MAJOR(cdev->dev), DEV_MINOR(cdev->dev), cdev->name);
    return 0;
}

void proc_machine_init(void)
{
    static struct proc_file files[] = {
        {.path = "uptime", .show = show_uptime},
        {.path = "loadavg", .show = show_loadavg},
        {.path = "stat", .show = show_stat},
        {.path = "cpuinfo", .show = show_cpuinfo},
        {.path = "version", .show = show_version},
        {.path = "cmdline", .show = show_cmdline},
        {.path = "mounts", .show = show_mounts},
        {.path = "filesystems", .show = show_filesystems},
        {.path = "devices", .show = show_devices},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
