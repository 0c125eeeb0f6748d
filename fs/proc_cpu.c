/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of /proc about the cpus: what they are (cpuinfo), where their time goes (stat), and what they
 * have had to do with each other (cpustat). A cpu that does not run is in none of them.
 */
#include <fs/procfs.h>

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <base/percpu.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <mm/uvm.h>

#define TICK_NS (NSEC_PER_SEC / 100) /* the unit of times here: USER_HZ is 100 */

/* The first cpu from `cpu` on that runs, or CPU_MAX. */
static u32 next_online(u32 cpu)
{
    while (cpu < CPU_MAX && !cpu_online(cpu))
        cpu++;
    return cpu;
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
    u64 interrupts = 0;

    for (u32 cpu = next_online(0); cpu < CPU_MAX; cpu = next_online(cpu + 1)) {
        sched_cpu_stats(cpu, &one);
        stats_add(&sum, &one);
        interrupts += READ_ONCE(cpu_table[cpu].interrupts);
    }
    seq_print(seq, "cpu ");
    print_times(seq, &sum);
    for (u32 cpu = next_online(0); cpu < CPU_MAX; cpu = next_online(cpu + 1)) {
        sched_cpu_stats(cpu, &one);
        seq_print(seq, "cpu%u", cpu);
        print_times(seq, &one);
    }
    seq_print(seq, "intr %lu\nctxt %lu\nbtime %lu\nprocesses %d\n", interrupts,
              sum.counters.switches, time_boot_realtime_ns() / NSEC_PER_SEC, process_last_pid());
    seq_print(seq, "procs_running %u\nprocs_blocked %u\n", sum.runnable, sum.blocked);
    return 0;
}

/* --- cpuinfo --------------------------------------------------------------------------------- */

static int show_cpuinfo(struct seq *seq)
{
    for (u32 cpu = next_online(0); cpu < CPU_MAX; cpu = next_online(cpu + 1)) {
        seq_print(seq, "processor\t: %u\n", cpu);
        arch_cpu_describe(cpu, &seq->sink);
        seq_print(seq, "\n");
    }
    return 0;
}

/* --- cpustat --------------------------------------------------------------------------------- */

static void print_row(struct seq *seq, u32 cpu)
{
    const struct ipi_counters *ipi = &ipi_counters[cpu];
    const struct mmu_counters *mmu = &mmu_counters[cpu];
    struct sched_stats stats;

    sched_cpu_stats(cpu, &stats);
    seq_print(seq, "cpu%u %lu %lu %lu %lu", cpu, stats.counters.switches, stats.counters.migrations,
              stats.counters.steals, stats.counters.ticks);
    seq_print(seq, " %lu %lu %lu", ipi->sent, ipi->saved, ipi->received);
    seq_print(seq, " %lu %lu", uvm_faults[cpu].faults, uvm_faults[cpu].spurious);
    seq_print(seq, " %lu %lu %lu %lu", mmu->sent, mmu->asked, mmu->received, mmu->avoided);
    seq_print(seq, " %lu %lu %lu %lu\n", mmu->pages, mmu->whole, mmu->entry_fences,
              mmu->fetch_fences);
}

/* docs/processes.md says what each column counts. */
static int show_cpustat(struct seq *seq)
{
    seq_print(seq, "cpu switches migrations steals ticks ipis_sent ipis_saved ipis_received faults "
                   "spurious_faults shootdowns_sent shootdowns_asked shootdowns_received "
                   "shootdowns_avoided pages_flushed spaces_flushed entry_fences fetch_fences\n");
    for (u32 cpu = next_online(0); cpu < CPU_MAX; cpu = next_online(cpu + 1))
        print_row(seq, cpu);
    return 0;
}

void proc_cpu_init(void)
{
    static struct proc_file files[] = {
        {.path = "stat", .show = show_stat},
        {.path = "cpuinfo", .show = show_cpuinfo},
        {.path = "cpustat", .show = show_cpustat},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
