/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of /proc about the whole machine: time, load, mounts, version. */
#include <fs/procfs.h>

#include <base/build.h>
#include <base/percpu.h>
#include <fs/dev.h>
#include <fs/mount.h>
#include <fs/super.h>
#include <kernel/cmdline.h>
#include <kernel/namespace.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/time.h>

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

/* --- the rest -------------------------------------------------------------------------------- */

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
    mount_print(current_ns(NS_MNT), &seq->sink);
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

/* There is no swap, and no disk: what would head their lists. */
static int show_swaps(struct seq *seq)
{
    seq_print(seq, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

static int show_partitions(struct seq *seq)
{
    seq_print(seq, "major minor  #blocks  name\n\n");
    return 0;
}

void proc_machine_init(void)
{
    static struct proc_file files[] = {
        {.path = "uptime", .show = show_uptime},
        {.path = "loadavg", .show = show_loadavg},
        {.path = "version", .show = show_version},
        {.path = "cmdline", .show = show_cmdline},
        {.path = "mounts", .show = show_mounts},
        {.path = "filesystems", .show = show_filesystems},
        {.path = "devices", .show = show_devices},
        {.path = "swaps", .show = show_swaps},
        {.path = "partitions", .show = show_partitions},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
