/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/<pid>/stat, statm and status, and those of /proc/<pid>/task/<tid>: figures in the layout that
 * Linux's proc(5) gives. Each is collected first, under the locks that it needs, and printed
 * after. What belongs to a thread is the first thread's in the process's files.
 */
#include <fs/proc_pid.h>

#include <abi/linux/resource.h>
#include <arch/mmu.h>
#include <base/percpu.h>
#include <fs/fscontext.h>
#include <fs/tty.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/uvm.h>

#define TICK_NS (NSEC_PER_SEC / 100) /* the unit of times here: USER_HZ is 100 */

/* What stands in process and thread structs, at one moment. */
struct snapshot {
    int tid;                  /* as the process itself sees it */
    int id;                   /* the thread's, or the pid; these are ids in the root namespace */
    int pid, ppid, pgid, sid; /* 0: there is none any more */
    char state;
    char name[THREAD_NAME_MAX];
    int nice;
    u32 threads, cpu;
    u64 affinity; /* cpus it may run on */
    sigset_mask pending, shared_pending, blocked, ignored, caught;
    struct usage usage;
    struct uvm_stats memory; /* zeros once the process has ended */
    struct uvm_layout layout;
};

static void snap_thread(struct snapshot *s, const struct thread *t)
{
    s->nice = t->run.nice;
    s->cpu = t->cpu;
    s->affinity = t->affinity & cpu_online_set();
    s->pending = t->sig.pending.set;
    s->blocked = t->sig.blocked;
}

/* Signals with a handler of the program's own. */
static sigset_mask caught_signals(const struct sig_process *sig)
{
    return sig->custom & ~sig->ignored;
}

/* A process that has been reaped has no parent. Under process_lock. */
static int parent_of(const struct process *p)
{
    return p->state != PROCESS_REAPED && p->parent ? process_pid(p->parent) : 0;
}

/* false: there is no such thread any more. A process without its first one is a zombie to look at. */
static bool snap_locked(struct snapshot *s, struct process *p, int tid)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *t = process_thread(p, s->tid);

    s->id = t ? t->id.id : s->pid;
    s->ppid = parent_of(p);
    s->threads = p->thread_count;
    s->state = thread_state_letter(t);
    memcpy(s->name, t ? t->name : p->comm, sizeof(s->name));
    if (t)
        snap_thread(s, t);
    if (t && tid)
        thread_usage(t, &s->usage);
    spin_unlock(&process_lock, flags);
    return t || s->tid == p->own_pid;
}

static void snap_memory(struct snapshot *s, struct process *p)
{
    struct uvm *uvm = process_uvm(p);

    if (!uvm)
        return;
    uvm_stats(uvm, &s->memory);
    s->layout = *uvm_layout(uvm);
    uvm_put(uvm);
}

static int snap(struct snapshot *s, const struct seq *seq)
{
    struct process *p = proc_seq_process(seq);
    int tid = proc_seq_tid(seq);

    *s = (struct snapshot){.tid = tid ? tid : p->own_pid, .pid = process_pid(p)};
    s->pgid = process_pgid(p);
    s->sid = process_sid(p);
    s->shared_pending = p->sig.pending.set;
    s->ignored = p->sig.ignored & p->sig.custom;
    s->caught = caught_signals(&p->sig);
    process_usage(p, &s->usage);
    if (!snap_locked(s, p, tid))
        return -ESRCH;
    snap_memory(s, p);
    return 0;
}

static u64 start_ticks(const struct process *p)
{
    u64 boot = time_boot_ns();

    return p->start_ns > boot ? (p->start_ns - boot) / TICK_NS : 0;
}

int proc_show_stat(struct seq *seq)
{
    const struct super *super = proc_seq_super(seq);
    struct process *p = proc_seq_process(seq);
    struct snapshot s;
    int foreground;
    u32 tty = tty_dev_of(p, &foreground);
    int err = snap(&s, seq);

    if (err)
        return err;
    seq_print(seq, "%d (%.*s) %c %d %d %d %u %d 0 ", proc_shown(super, s.id), (int)sizeof(s.name),
              s.name, s.state, proc_shown(super, s.ppid), proc_shown(super, s.pgid),
              proc_shown(super, s.sid), tty, foreground < 0 ? -1 : proc_shown(super, foreground));
    seq_print(seq, "%lu %lu %lu %lu %lu %lu %lu %lu ", s.usage.faults_minor,
              p->children_usage.faults_minor, s.usage.faults_major, p->children_usage.faults_major,
              s.usage.user_ns / TICK_NS, s.usage.system_ns / TICK_NS,
              p->children_usage.user_ns / TICK_NS, p->children_usage.system_ns / TICK_NS);
    seq_print(seq, "%d %d %u 0 %lu %lu %lu %lu ", 20 + s.nice, s.nice, s.threads, start_ticks(p),
              s.memory.total * PAGE_SIZE, s.memory.resident, p->limit[RLIMIT_RSS].soft);
    seq_print(seq, "%lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 %d %u 0 0 0 0 0 ", s.layout.code_start,
              s.layout.code_end, s.layout.stack_top, s.pending, s.blocked, s.ignored, s.caught,
              p->exit_signal, s.cpu);
    seq_print(seq, "%lu %lu %lu %lu %lu %lu %lu %d\n", s.layout.data_start, s.layout.data_end,
              s.layout.brk_start, s.layout.arg_start, s.layout.arg_end, s.layout.env_start,
              s.layout.env_end, p->exit_status);
    return 0;
}

int proc_show_statm(struct seq *seq)
{
    struct snapshot s;
    int err = snap(&s, seq);

    if (err)
        return err;
    seq_print(seq, "%lu %lu %lu %lu 0 %lu 0\n", s.memory.total, s.memory.resident, s.memory.shared,
              s.memory.text, s.memory.data + s.memory.stack);
    return 0;
}

static const char *state_name(char letter)
{
    switch (letter) {
    case 'R':
        return "running";
    case 'S':
        return "sleeping";
    case 'D':
        return "disk sleep";
    case 'T':
        return "stopped";
    default:
        return "zombie";
    }
}

static void show_memory(struct seq *seq, const struct snapshot *s)
{
    const struct {
        const char *name;
        u64 pages;
    } rows[] = {
        {"VmPeak", s->memory.peak_total},   {"VmSize", s->memory.total},
        {"VmLck", s->memory.locked},        {"VmPin", 0},
        {"VmHWM", s->memory.peak_resident}, {"VmRSS", s->memory.resident},
        {"VmData", s->memory.data},         {"VmStk", s->memory.stack},
        {"VmExe", s->memory.text},          {"VmLib", 0},
        {"VmPTE", s->memory.tables},        {"VmSwap", 0},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        seq_print(seq, "%s:\t%8lu kB\n", rows[i].name, rows[i].pages * (PAGE_SIZE / KiB));
}

static void show_signals(struct seq *seq, const struct snapshot *s)
{
    seq_print(seq, "SigPnd:\t%016lx\n", s->pending);
    seq_print(seq, "ShdPnd:\t%016lx\n", s->shared_pending);
    seq_print(seq, "SigBlk:\t%016lx\n", s->blocked);
    seq_print(seq, "SigIgn:\t%016lx\n", s->ignored);
    seq_print(seq, "SigCgt:\t%016lx\n", s->caught);
}

static void show_users(struct seq *seq, const struct cred *cred)
{
    const struct cred_ids *u = &cred->user, *g = &cred->group;

    seq_print(seq, "Uid:\t%u\t%u\t%u\t%u\n", u->real, u->effective, u->saved, u->fs);
    seq_print(seq, "Gid:\t%u\t%u\t%u\t%u\n", g->real, g->effective, g->saved, g->fs);
    seq_print(seq, "Groups:\t");
    for (u32 i = 0; i < cred->groups->count; i++)
        seq_print(seq, "%u ", cred->groups->id[i]);
    seq_print(seq, "\n");
}

static void show_capabilities(struct seq *seq, const struct cred *cred)
{
    const struct caps caps = cred->caps;

    seq_print(seq, "CapInh:\t%016lx\n", caps.inheritable);
    seq_print(seq, "CapPrm:\t%016lx\n", caps.permitted);
    seq_print(seq, "CapEff:\t%016lx\n", caps.effective);
    seq_print(seq, "CapBnd:\t%016lx\n", caps.bounding);
    seq_print(seq, "CapAmb:\t%016lx\n", caps.ambient);
    seq_print(seq, "NoNewPrivs:\t%d\n", cred->no_new_privs);
}

/* The numbers of an id, from the reader's namespace down to that of the process; 0 where it has none. */
static void show_numbers(struct seq *seq, const char *name, int id)
{
    int numbers[PID_NS_LEVELS + 1] = {id};
    unsigned level = proc_pid_ns(proc_seq_super(seq))->level;
    unsigned lowest = proc_seq_process(seq)->pid_ns->level;
    irqflags_t flags = spin_lock(&process_lock);

    pid_numbers_of(id, numbers + 1);
    spin_unlock(&process_lock, flags);
    seq_print(seq, "%s:", name);
    for (; level <= lowest; level++)
        seq_print(seq, "\t%d", numbers[level]);
    seq_print(seq, "\n");
}

int proc_show_status(struct seq *seq)
{
    const struct super *super = proc_seq_super(seq);
    struct snapshot s;
    int err = snap(&s, seq);

    if (err)
        return err;
    seq_print(seq, "Name:\t%.*s\n", (int)sizeof(s.name), s.name);
    seq_print(seq, "State:\t%c (%s)\n", s.state, state_name(s.state));
    seq_print(seq, "Tgid:\t%d\nPid:\t%d\n", proc_shown(super, s.pid), proc_shown(super, s.id));
    seq_print(seq, "PPid:\t%d\nTracerPid:\t0\n", proc_shown(super, s.ppid));
    struct cred *cred = cred_of_process(proc_seq_process(seq), s.tid);
    show_users(seq, cred);
    show_numbers(seq, "NStgid", s.pid);
    show_numbers(seq, "NSpid", s.id);
    show_numbers(seq, "NSpgid", s.pgid);
    show_numbers(seq, "NSsid", s.sid);
    if (s.memory.total)
        show_memory(seq, &s);
    seq_print(seq, "Threads:\t%u\n", s.threads);
    show_signals(seq, &s);
    show_capabilities(seq, cred);
    cred_put(cred);
    seq_print(seq, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t", s.affinity);
    seq_print_set(seq, s.affinity);
    seq_print(seq, "voluntary_ctxt_switches:\t%lu\n", s.usage.switches_voluntary);
    seq_print(seq, "nonvoluntary_ctxt_switches:\t%lu\n", s.usage.switches_forced);
    return 0;
}
