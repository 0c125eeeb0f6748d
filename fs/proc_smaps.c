/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/<pid>/smaps and smaps_rollup: the regions of maps, each with what of it is in memory. Formats
 * are those of Linux's proc(5). There is no swap, so nothing is ever in it.
 */
#include <fs/proc_pid.h>

#include <kernel/process.h>
#include <kernel/sched.h>
#include <mm/thp.h>
#include <mm/uvm.h>
#include <mm/uvm_usage.h>

struct walk {
    struct seq *seq;
    struct uvm *uvm;
    struct uvm_usage sum; /* for the roll-up */
    u64 sum_locked;       /* bytes, as a share of pages that others have too */
    vaddr_t start, end;   /* from the first region to the last one */
};

static void print_kb(struct seq *seq, const char *name, u64 bytes)
{
    seq_print(seq, "%-16s%8lu kB\n", name, bytes / KiB);
}

/* The lines that regions and the roll-up have in common. */
static void print_usage(struct seq *seq, const struct uvm_usage *u, u64 locked)
{
    print_kb(seq, "Rss:", u->resident);
    print_kb(seq, "Pss:", u->proportional);
    print_kb(seq, "Shared_Clean:", u->shared_clean);
    print_kb(seq, "Shared_Dirty:", u->shared_dirty);
    print_kb(seq, "Private_Clean:", u->private_clean);
    print_kb(seq, "Private_Dirty:", u->private_dirty);
    print_kb(seq, "Referenced:", u->resident);
    print_kb(seq, "Anonymous:", u->anonymous);
    print_kb(seq, "LazyFree:", 0);
    print_kb(seq, "AnonHugePages:", u->large);
    print_kb(seq, "ShmemPmdMapped:", 0);
    print_kb(seq, "FilePmdMapped:", 0);
    print_kb(seq, "Shared_Hugetlb:", 0);
    print_kb(seq, "Private_Hugetlb:", 0);
    print_kb(seq, "Swap:", 0);
    print_kb(seq, "SwapPss:", 0);
    print_kb(seq, "Locked:", locked);
}

/* The two letters of a property that a region has. */
static void print_flags(struct seq *seq, const struct uvm_region_info *r)
{
    bool shared = r->flags & UVM_SHARED;
    const struct {
        bool has;
        const char *letters;
    } flags[] = {
        {r->prot & UVM_R, "rd"},
        {r->prot & UVM_W, "wr"},
        {r->prot & UVM_X, "ex"},
        {shared, "sh"},
        {true, "mr"},
        {!(r->flags & UVM_NOWRITE), "mw"},
        {!(r->flags & UVM_NOEXEC), "me"},
        {shared, "ms"},
        {r->flags & UVM_STACK, "gd"},
        {r->flags & UVM_LOCKED, "lo"},
        {r->flags & UVM_DONTFORK, "dc"},
        {r->flags & UVM_ONFAULT, "lf"},
        {!shared && r->prot & UVM_W && !(r->flags & UVM_NORESERVE), "ac"},
        {r->flags & UVM_NORESERVE, "nr"},
        {r->flags & UVM_WIPEONFORK, "wf"},
        {r->flags & UVM_HUGE, "hg"},
        {r->flags & UVM_NOHUGE, "nh"},
    };

    seq_print(seq, "VmFlags:");
    for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
        if (flags[i].has)
            seq_print(seq, " %s", flags[i].letters);
    seq_print(seq, " \n");
}

/* Whether faults in the region may be answered with 2 MiB pages. */
static bool may_be_large(const struct uvm_region_info *r)
{
    bool asked = thp_mode() == THP_ALWAYS || (thp_mode() == THP_MADVISE && r->flags & UVM_HUGE);

    return asked && !r->pager && !(r->prot & UVM_X) &&
           !(r->flags & (UVM_SHARED | UVM_STACK | UVM_NOHUGE)) &&
           (r->start + 2 * MiB - 1) / (2 * MiB) + 1 <= r->end / (2 * MiB);
}

static struct uvm_usage usage_of(const struct walk *w, const struct uvm_region_info *r)
{
    struct uvm_usage usage = {.resident = 0};

    uvm_usage_add(w->uvm, r->start, r->end, &usage);
    return usage;
}

static u64 locked_of(const struct uvm_region_info *r, const struct uvm_usage *usage)
{
    return r->flags & UVM_LOCKED ? usage->proportional : 0;
}

static int show_region(void *ctx, const struct uvm_region_info *r)
{
    const struct walk *w = ctx;
    struct uvm_usage usage = usage_of(w, r);

    proc_print_region(w->seq, w->uvm, r);
    print_kb(w->seq, "Size:", r->end - r->start);
    print_kb(w->seq, "KernelPageSize:", PAGE_SIZE);
    print_kb(w->seq, "MMUPageSize:", PAGE_SIZE);
    print_usage(w->seq, &usage, locked_of(r, &usage));
    seq_print(w->seq, "THPeligible:    %d\n", may_be_large(r));
    print_flags(w->seq, r);
    return w->seq->no_memory ? -ENOMEM : 0;
}

static int sum_region(void *ctx, const struct uvm_region_info *r)
{
    struct walk *w = ctx;
    struct uvm_usage usage = usage_of(w, r);

    if (!w->end)
        w->start = r->start;
    w->end = r->end;
    w->sum_locked += locked_of(r, &usage);
    uvm_usage_add(w->uvm, r->start, r->end, &w->sum);
    return 0;
}

int proc_show_smaps(struct seq *seq)
{
    struct walk w = {.seq = seq, .uvm = process_uvm(proc_seq_process(seq))};

    if (w.uvm) {
        uvm_for_each_region(w.uvm, show_region, &w);
        uvm_put(w.uvm);
    }
    return 0;
}

int proc_show_smaps_rollup(struct seq *seq)
{
    struct walk w = {.seq = seq, .uvm = process_uvm(proc_seq_process(seq))};

    if (!w.uvm)
        return -ESRCH;
    uvm_for_each_region(w.uvm, sum_region, &w);
    uvm_put(w.uvm);
    seq_print(seq, "%08lx-%08lx ---p 00000000 00:00 0%*s[rollup]\n", w.start, w.end, 34, "");
    print_usage(seq, &w.sum, w.sum_locked);
    return 0;
}
