/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes: the tree, process groups and sessions, and what belongs to a process.
 *
 * One spinlock, process_lock, guards the tree (parents, children, the threads of a process), the
 * pid tables, groups, sessions, and the change to a zombie. References (process_find, process_put)
 * keep the struct, not the process: a holder may find a zombie. Layers above attach what
 * they keep per process as a part, and learn of fork, exec and exit through its functions.
 *
 * Lock order: process_lock, then sig.lock, then a wait queue's, then a run queue's.
 */
#pragma once

#include <base/spinlock.h>
#include <base/wait.h>
#include <kernel/pid.h>
#include <kernel/rlimit.h>
#include <kernel/signal.h>
#include <kernel/timer.h>
#include <lib/list.h>
#include <lib/types.h>

struct uvm;

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE, PROCESS_REAPED };

/* Slots for what the layers above keep per process. */
enum proc_part_slot {
    PROC_PART_FILES, /* descriptor table */
    PROC_PART_FS,    /* root, current directory, umask */
    PROC_PART_EXE,   /* the program's file, for /proc/PID/exe */
    PROC_PART_TTY,   /* the controlling terminal */
    PROC_PART_FUTEX, /* nothing per process: its exit clears and wakes clear_child_tid */
    PROC_PARTS
};

struct proc_part {
    const char *name;
    /* Gives the child its part; 0 or a negative error, which undoes the fork. May sleep. */
    int (*fork)(struct process *parent, struct process *child, u64 clone_flags);
    /* The point of no return of exec: close on exec and the like. May sleep. */
    void (*exec)(struct process *p);
    /*
     * The process ends, or its fork failed after this part's fork. The slot may be NULL. May
     * sleep. Runs in the exiting process while it is still the leader of its session, if it was.
     */
    void (*exit)(struct process *p);
};

/* Cpu time and counts of a process; times in nanoseconds. */
struct usage {
    u64 user_ns, system_ns;
    u64 faults_minor, faults_major;
    u64 switches_voluntary, switches_forced;
    u64 max_rss_pages;
};

struct session {
    struct id_node node;
    u32 groups;             /* pgrps in it; freed with the last one */
    struct process *leader; /* NULL once that has ended */
    void *tty;              /* the tty layer's: the controlling terminal, with its own reference */
};

struct pgrp {
    struct id_node node;
    struct session *session;
    struct list members; /* processes by pgrp_link; freed with the last one */
};

/* One ITIMER_*; the real one runs on `timer`, the others on samples of cpu time. */
struct itimer {
    struct timer timer;
    u64 deadline; /* ns: monotonic, or of the process's cpu time; 0: off */
    u64 interval; /* ns; 0: once */
};

struct process {
    struct id_node node; /* node.id is the pid */
    u32 refs;
    u8 state;        /* enum process_state */
    bool vfork_busy; /* the parent waits until this child execs or ends */
    bool execed;     /* has called exec: setpgid by the parent is refused */
    bool cpu_limits; /* has a cpu-time limit or timer: sample often */
    int exit_signal; /* to the parent at the end; SIGCHLD normally, 0 none */
    int exit_status; /* as wait reports it, once a zombie */
    char comm[THREAD_NAME_MAX];

    struct process *parent;
    struct list children; /* by sibling */
    struct list sibling;
    struct wait_queue child_wait; /* for wait4 and vfork */
    struct list threads;          /* by thread->process_link */
    u32 thread_count;
    struct pgrp *pgrp;
    struct list pgrp_link;

    struct uvm *uvm; /* borrowed from its threads, which hold the references; NULL at the end */
    vaddr_t sigcode; /* where exec mapped the rt_sigreturn stub */
    void *part[PROC_PARTS];
    u64 start_ns; /* monotonic time of its fork */
    int parent_death_signal;
    struct usage dead;           /* of its threads that have ended */
    struct usage children_usage; /* of children that were waited for */
    struct rlimit limit[RLIMIT_COUNT];
    struct itimer real_timer, virtual_timer, prof_timer;
    struct sig_process sig; /* last: its actions are filled in on demand */
};

extern struct spinlock process_lock;

static inline int process_pid(const struct process *p)
{
    return p->node.id;
}

static inline struct process *current_process(void)
{
    return current_thread()->process;
}

/* --- tables (kernel/process.c) --- */

void process_init(void);

/* Registers what a layer keeps per process. Before pid 1 exists. */
void proc_part_register(enum proc_part_slot slot, const struct proc_part *part);

/* The process with that pid, zombies included, with a reference; NULL when there is none. */
struct process *process_find(int pid);
void process_get(struct process *p);
void process_put(struct process *p);

/* The process with the smallest pid > after, with a reference; NULL at the end. For /proc. */
struct process *process_next(int after);

/* Its address space with a reference, or NULL once it has ended. For /proc. */
struct uvm *process_uvm(struct process *p);

/* The thread `tid` of p (0: any), or NULL. Under process_lock. */
struct thread *process_thread(struct process *p, int tid);

/* Number of processes (zombies too) and of threads of processes. */
u32 process_count(void);
u32 process_thread_count(void);

/* The last pid that was given out (for /proc/loadavg). */
int process_last_pid(void);

/* A letter as ps shows it: R S D T Z. */
char process_state_letter(struct process *p);

/* Cpu time and counts so far of the whole process; with `children`, of those waited for. */
void process_usage(struct process *p, struct usage *out);
void usage_add(struct usage *to, const struct usage *from);

/* --- birth (kernel/fork.c) --- */

struct fork_args {
    u64 flags; /* CLONE_*, without the signal number */
    int exit_signal;
    vaddr_t stack;      /* the child's sp; 0: the parent's */
    vaddr_t tls;        /* with CLONE_SETTLS */
    vaddr_t parent_tid; /* with CLONE_PARENT_SETTID */
    vaddr_t child_tid;  /* with CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID */
};

/*
 * A child of the current process, a copy of it, that returns 0 from the same system call. Its
 * pid, or -ENOMEM, -EAGAIN (limits), -EINVAL (flags that are not supported: CLONE_THREAD, ...).
 * With CLONE_VFORK returns when the child has called exec or ended.
 */
int process_fork(const struct fork_args *args, struct trap_frame *tf);

/*
 * Makes pid 1, which runs `start` (in kernel mode, in the new process, with an empty address
 * space of its own) and goes to user mode through its trap frame when that returns.
 */
int process_start_init(void (*start)(struct trap_frame *tf));

/* --- exec: the process's half; the loader is above --- */

/*
 * The point of no return: gives the current process its new address space and name, makes it
 * forget handlers, files to close and so on. `sigcode` is where arch_sigcode_frame() is mapped. Takes over the caller's reference of `uvm`. Cannot
 * fail. The caller goes on to fill in the trap frame.
 */
void process_exec(struct uvm *uvm, vaddr_t sigcode, const char *comm);

/* Sets the name as ps shows it (prctl, exec). */
void process_set_name(struct process *p, const char *comm);

/* --- death (kernel/exit.c) --- */

/* Ends the current process with a wait status: code << 8, or a signal (| 0x80 with a core). */
__noreturn void process_exit(int wait_status);

/* exit(2): ends the current thread; the process, with that code, if it was the last one. */
__noreturn void process_exit_thread(int code);

/* --- waiting (kernel/wait.c) --- */

enum wait_who { WAIT_ANY, WAIT_PID, WAIT_PGRP };

struct wait_request {
    enum wait_who who;
    int id;
    int options; /* WNOHANG, WEXITED, WSTOPPED (= WUNTRACED), WCONTINUED, WNOWAIT, __WALL, ... */
};

struct wait_result {
    int pid;
    u32 uid;
    int status; /* as wait4 reports it */
    int code;   /* CLD_*, for waitid */
    int value;  /* si_status, for waitid */
    struct usage usage;
};

/* A pid, 0 (WNOHANG and nothing), -ECHILD, -ERESTARTSYS, -EINVAL. Fills *out when > 0. */
int process_wait(const struct wait_request *request, struct wait_result *out);

/* --- groups and sessions (kernel/pgrp.c); pid 0 means the caller; errors as in Linux --- */

int process_setpgid(int pid, int pgid);
int process_getpgid(int pid);
int process_getsid(int pid);
int process_setsid(void);

/* The session of the current process; compared and dereferenced under process_lock. */
struct session *current_session(void);
/* Whether the current process leads its session. */
bool process_is_session_leader(void);
/* Id of p's group and session (0 for the reaped). Any context. */
int process_pgid(struct process *p);
int process_sid(struct process *p);
/* Whether a group exists, and in which session (0: none). For TIOCSPGRP. */
int pgrp_session_id(int pgid);
/* Whether nobody outside could continue it: its members must not be stopped by the terminal. */
bool pgrp_is_orphaned(int pgid);

/* Calls fn for each process with the nice value of PRIO_PROCESS/PRIO_PGRP: get and set. */
int process_get_nice(int which, int who, int *nice); /* the most favoured one */
int process_set_nice(int which, int who, int nice);

/* --- interval timers (kernel/itimer.c): ITIMER_REAL, VIRTUAL, PROF; ns; -EINVAL --- */

int itimer_get(int which, u64 *value_ns, u64 *interval_ns);
int itimer_set(int which, u64 value_ns, u64 interval_ns, u64 *old_value, u64 *old_interval);
