/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /sys, as far as programs look for it: which cpus there are, and the mode of large pages. A tree of
 * registered files like /proc's; names and formats are those of Linux's Documentation/ABI.
 */
#include <fs/sysfs.h>

#include <abi/linux/statfs.h>
#include <base/percpu.h>
#include <fs/proc_tree.h>
#include <fs/super.h>
#include <lib/fmt.h>
#include <mm/slab.h>
#include <mm/thp.h>

#define CPUS "devices/system/cpu/"
#define THP  "kernel/mm/transparent_hugepage/"

static struct proc_tree tree = {.type = {.name = "sysfs",
                                         .nodev = true,
                                         .alone = true,
                                         .magic = SYSFS_MAGIC,
                                         .mount = proc_tree_mount}};

/* --- cpus ------------------------------------------------------------------------------------ */

static int show_online(struct seq *seq)
{
    seq_print_set(seq, cpu_online_set());
    return 0;
}

static int show_possible(struct seq *seq)
{
    seq_print_set(seq, BIT(cpu_count()) - 1);
    return 0;
}

/* The highest number that a cpu can have. */
static int show_kernel_max(struct seq *seq)
{
    seq_print(seq, "%u\n", CPU_MAX - 1);
    return 0;
}

/* A cpu's own directory, cpuN, in which its one file is. */
struct cpu_file {
    struct proc_file file;
    u32 cpu;
    char path[40];
};

static int show_cpu_online(struct seq *seq)
{
    const struct proc_file *file = seq->private;

    seq_print(seq, "%d\n", cpu_online(container_of(file, const struct cpu_file, file)->cpu));
    return 0;
}

static void add_cpu(u32 cpu)
{
    struct cpu_file *f = kzalloc(sizeof(*f));

    if (!f)
        return;
    fmt_snprintf(f->path, sizeof(f->path), CPUS "cpu%u/online", cpu);
    f->cpu = cpu;
    f->file = (struct proc_file){.path = f->path, .show = show_cpu_online};
    proc_tree_add(&tree, &f->file);
}

/* --- large pages ----------------------------------------------------------------------------- */

/* All modes, that which holds in brackets. */
static int show_enabled(struct seq *seq)
{
    for (enum thp_mode mode = THP_ALWAYS; mode <= THP_NEVER; mode++)
        seq_print(seq, mode == thp_mode() ? "%s[%s]" : "%s%s", mode ? " " : "",
                  thp_mode_name(mode));
    seq_print(seq, "\n");
    return 0;
}

/* Nobody waits for a large page, or moves others for it. */
static int show_defrag(struct seq *seq)
{
    seq_print(seq, "always defer defer+madvise madvise [never]\n");
    return 0;
}

static int show_size(struct seq *seq)
{
    seq_print(seq, "%lu\n", 2 * MiB);
    return 0;
}

void sysfs_init(void)
{
    static struct proc_file files[] = {
        {.path = CPUS "online", .show = show_online},
        {.path = CPUS "possible", .show = show_possible},
        {.path = CPUS "present", .show = show_possible},
        {.path = CPUS "kernel_max", .show = show_kernel_max},
        {.path = THP "enabled", .mode = 0644, .show = show_enabled, .store = thp_set_mode},
        {.path = THP "defrag", .show = show_defrag},
        {.path = THP "hpage_pmd_size", .show = show_size},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        proc_tree_add(&tree, &files[i]);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        add_cpu(cpu);
    fs_type_register(&tree.type);
}
