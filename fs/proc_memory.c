/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of /proc about memory: meminfo, vmstat, buddyinfo, slabinfo, the kernel's page table. */
#include <fs/procfs.h>

#include <base/percpu.h>
#include <mm/kvm.h>
#include <mm/page.h>
#include <mm/pt.h>
#include <mm/slab.h>
#include <mm/uvm.h>

static void print_kb(struct seq *seq, const char *name, u64 pages)
{
    seq_print(seq, "%-16s%8lu kB\n", name, pages * (PAGE_SIZE / KiB));
}

/* Contents of files are the files themselves: nothing of Cached can be given back. */
static int show_meminfo(struct seq *seq)
{
    struct page_stats s;

    page_stats(&s);
    print_kb(seq, "MemTotal:", s.total);
    print_kb(seq, "MemFree:", s.free);
    print_kb(seq, "MemAvailable:", s.free);
    print_kb(seq, "Buffers:", 0);
    print_kb(seq, "Cached:", s.used[PAGE_FILE]);
    print_kb(seq, "SwapCached:", 0);
    print_kb(seq, "SwapTotal:", 0);
    print_kb(seq, "SwapFree:", 0);
    print_kb(seq, "AnonPages:", s.used[PAGE_ANON]);
    print_kb(seq, "Shmem:", s.used[PAGE_FILE]);
    print_kb(seq, "Slab:", s.used[PAGE_SLAB]);
    print_kb(seq, "SReclaimable:", 0);
    print_kb(seq, "SUnreclaim:", s.used[PAGE_SLAB]);
    print_kb(seq, "KernelStack:", s.used[PAGE_KSTACK]);
    print_kb(seq, "PageTables:", s.used[PAGE_TABLE]);
    print_kb(seq, "CommitLimit:", s.total);
    print_kb(seq, "Committed_AS:", uvm_committed());
    print_kb(seq, "Pipes:", s.used[PAGE_PIPE]);
    print_kb(seq, "AnonHugePages:", pt_large_total() * MMU_ENTRIES);
    print_kb(seq, "Kernel:", s.used[PAGE_KERNEL]);
    print_kb(seq, "Reserved:", s.held);
    return 0;
}

/* Of programs and of user copies, on all cpus. */
static u64 count_faults(void)
{
    u64 faults = 0;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        faults += READ_ONCE(uvm_faults[cpu].faults);
    return faults;
}

static int show_vmstat(struct seq *seq)
{
    struct page_stats s;

    page_stats(&s);
    seq_print(seq, "nr_free_pages %lu\nnr_cached_pages %lu\n", s.free, s.cached);
    for (unsigned kind = PAGE_KERNEL; kind <= PAGE_PIPE; kind++)
        seq_print(seq, "nr_used_%s %lu\n", page_kind_name(kind), s.used[kind]);
    seq_print(seq, "nr_anon_transparent_hugepages %lu\npgfault %lu\n", pt_large_total(),
              count_faults());
    return 0;
}

static int show_buddyinfo(struct seq *seq)
{
    static const char *const zone_names[PAGE_ZONES] = {"DMA32", "Normal"};
    struct page_stats s;

    page_stats(&s);
    for (unsigned zone = 0; zone < PAGE_ZONES; zone++) {
        if (!s.zone[zone].pages)
            continue;
        seq_print(seq, "Node 0, zone %8s", zone_names[zone]);
        for (unsigned order = 0; order < PAGE_ORDERS; order++)
            seq_print(seq, " %6lu", s.zone[zone].blocks[order]);
        seq_print(seq, "\n");
    }
    return 0;
}

static int show_slabinfo(struct seq *seq)
{
    struct slab_stats s;

    seq_print(seq, "# name            <objects> <size> <per slab> <slabs>\n");
    for (unsigned i = 0; slab_stats(i, &s); i++)
        seq_print(seq, "%-17s %9lu %6u %10u %7lu\n", s.name, s.used, s.size, s.per_slab, s.slabs);
    return 0;
}

static int show_pagetable(struct seq *seq)
{
    kvm_dump(&seq->sink);
    return 0;
}

void proc_memory_init(void)
{
    static struct proc_file files[] = {
        {.path = "meminfo", .show = show_meminfo},
        {.path = "vmstat", .show = show_vmstat},
        {.path = "buddyinfo", .show = show_buddyinfo},
        {.path = "slabinfo", .mode = 0400, .show = show_slabinfo},
        {.path = "pagetable", .mode = 0400, .show = show_pagetable},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
