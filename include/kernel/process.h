/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes: the tree, process groups and sessions, and what belongs to a process.
 *
 * One spinlock, process_lock, guards the tree (parents, children, the threads of a process), the
 * tables of pids and tids, names, limits, groups, sessions, and the change to a zombie. References
 * (process_find, process_put) keep the struct, not the process: a holder may find a zombie. Threads
 * have none: a pointer to a thread of a process is good while process_lock or the process's
 * sig.lock is held, since its last act takes it out of the list under both. Layers above
 * attach what they keep per process as a part, and learn of fork, exec and exit through its
 * functions.
 *
 * A process's first thread has the pid as its tid. It may end before the others; the process keeps
 * the pid. exec ends all threads but the one that calls it, which then has the pid.
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

struct namespaces;
struct cred;
struct pid_ns;
struct uvm;

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE, PROCESS_REAPED };

/* Slots for what the layers above keep per process, or per thread: then it is in thread->part. */
enum proc_part_slot {
    PROC_PART_FILES = THREAD_PART_FILES, /* descriptor table */
    PROC_PART_FS = THREAD_PART_FS,       /* root, current directory, umask */
    PROC_PART_EXE = THREAD_PARTS,        /* the program's file, for /proc/PID/exe */
    PROC_PART_TTY,                       /* the controlling terminal */
    PROC_PART_TIMERS,                    /* POSIX timers */
    PROC_PART_FUTEX, /* nothing is kept: at the end, clears and wakes clear_child_tid */
    PROC_PARTS
};

struct proc_part {
    const char *name;
    /* Gives the child its part; 0 or a negative error, which undoes the fork. May sleep. */
    int (*fork)(struct process *parent, struct process *child, u64 clone_flags);
    /*
     * In place of that, for parts of threads: gives a new thread its part, shared with the current one or
     * not, as CLONE_* say. The first thread of pid 1 is made by a kernel thread, which has none.
     */
    int (*thread_fork)(struct thread *child, u64 clone_flags);
    /*
     * The current thread leaves its address space, which is still there: it ends, or runs a new
     * program (the last thread then, but it still has its old tid). May sleep.
     */
    void (*thread_exit)(struct thread *t);
    /* The point of no return of exec: close on exec and the like. May sleep. */
    void (*exec)(struct process *p);
    /* The current thread gets a part of its own where it shares one. -ENOMEM. May sleep. */
    int (*unshare)(void);
    /*
     * The process ends, or its fork failed after this part's fork. The slot may be NULL. May
     * sleep. Runs in the last thread of the exiting process that may use its parts, while it is
     * still the leader of its session, if it was.
     */
    void (*exit)(struct process *p);
    /*
     * In place of that, for parts of threads: the current thread ends, or `t` was never started. The slot may
     * be NULL. May sleep.
     */
    void (*thread_end)(struct thread *t);
    /*
     * Pages that would be free again if the thread's part were (parts of threads only): what the choice of a victim
     * counts beside its address space. Under process_lock.
     */
    u64 (*pages)(struct thread *t);
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

/* One ITIMER_*. */
struct itimer {
    u64 deadline; /* ns: monotonic, or of the process's cpu time; 0: off */
    u64 interval; /* ns; 0: once */
};
#define ITIMERS 3

/* Whoever wants to be asked when the cpu time of a process is compared with its limits. */
struct cpu_alarm {
    struct list link; /* in process->cpu_alarms */
    /* Does what is due; how far off the next time is, in ns, or TIME_NEVER. Under process_lock. */
    u64 (*check)(struct cpu_alarm *alarm);
};

struct process {
    struct id_node node; /* node.id is the pid: its number in the root of PID namespaces */
    int own_pid;         /* what it calls itself: its number in its own namespace */
    u32 refs;
    u8 state;        /* enum process_state */
    bool execed;     /* has called exec: setpgid by the parent is refused */
    bool cpu_limits; /* has a limit or a timer on its cpu time */
    bool subreaper;  /* its descendants' children become its own when they lose their parent */
    /*
     * Has had more than one thread since its last exec. Never reset but by exec: so a single thread
     * that finds it false needs no fence to know that nobody else was there.
     */
    bool threaded;
    bool oom_waited_for; /* memory had run out, and its end was waited for (kernel/oom.c) */
    int job_event;       /* CLD_STOPPED, CLD_CONTINUED: the parent has not waited for it; or 0 */
    int exit_signal;     /* to the parent at the end; SIGCHLD normally, 0 none */
    int exit_status;     /* as wait reports it, once a zombie; before, what the leader left with */
    char comm[THREAD_NAME_MAX]; /* its first thread's name */

    /* A thread of this one waits until this child execs or ends; NULL: none. */
    struct process *vfork_caller;

    struct process *parent;
    int ppid; /* the parent's pid as it sees it, without a lock; written with `parent` */
    struct list children; /* by sibling */
    struct list sibling;
    struct wait_queue child_wait; /* for wait4 and vfork, and exec that waits for other threads */
    struct wait_queue end_wait;   /* until it has ended, from anywhere (pidfd) */
    struct list threads;          /* by thread->process_link; changes under sig.lock, too */
    struct thread *leader;        /* whose tid is the pid; NULL once it has ended */
    u32 thread_count;
    struct pgrp *pgrp;
    struct list pgrp_link;

    struct uvm *uvm; /* borrowed from its threads, which hold the references; NULL at the end */
    void *part[PROC_PARTS];
    struct pid_ns *pid_ns;         /* where it lives; referenced (see <kernel/pid_ns.h>) */
    struct namespaces *namespaces; /* see <kernel/namespace.h>; NULL at the end */
    struct cred *cred;             /* its first thread's, and still when that has ended; counted */
    bool undumpable;               /* only those may look into it who may look into any */
    u64 start_ns;                  /* monotonic time of its fork */
    int parent_death_signal;
    u32 personality;             /* ADDR_NO_RANDOMIZE or nothing */
    s16 oom_score_adj;           /* see <kernel/oom.h> */
    s16 oom_score_adj_min;       /* what those without CAP_SYS_RESOURCE may lower it to */
    struct usage dead;           /* of its threads that have ended */
    struct usage children_usage; /* of children that were waited for */
    struct rlimit limit[RLIMIT_COUNT];
    struct itimer itimer[ITIMERS];
    struct timer alarm; /* ITIMER_REAL's */
    struct list cpu_alarms;
    u64 cpu_warned_ns; /* cpu time at which RLIMIT_CPU has last sent SIGXCPU */
    struct sig_process sig;
};

/* Pid 1: the parent of those whose parent has ended. NULL until it is made. */
extern struct process *process_one;

/* Groups and sessions by id; no process gets an id that is one of theirs. Under process_lock. */
extern struct id_tree process_groups;
extern struct id_tree process_sessions;

extern struct spinlock process_lock;

/* The kernel's own name of it. What a program is told is own_pid, or pid_seen() of this. */
static inline int process_pid(const struct process *p)
{
    return p->node.id;
}

static inline struct process *current_process(void)
{
    return current_thread()->process;
}

/* The current process's pid as it knows it: getpid(2). */
static inline int current_pid(void)
{
    return current_process()->own_pid;
}

/* --- tables (kernel/process.c) --- */

void process_init(void);

/* Registers what a layer keeps per process. Before pid 1 exists. */
void proc_part_register(enum proc_part_slot slot, const struct proc_part *part);

/*
 * Calls the parts' functions for a new process and its only thread, or for one more thread; undoes what it did
 * when one fails. The reverse of each: the last thread of a process ends, or another one.
 */
int proc_parts_fork(struct process *parent, struct thread *child, u64 clone_flags);
int proc_parts_fork_thread(struct thread *child, u64 clone_flags);
void proc_parts_exit(struct thread *t);
void proc_parts_end_thread(struct thread *t);

/* The current thread leaves its address space; the current process runs another program. */
void proc_parts_thread_exit(struct thread *t);

void proc_parts_exec(struct process *p);

/* What all parts of that thread hold. Under process_lock. */
u64 proc_parts_pages(struct thread *t);

/* Gives the current thread that part for itself alone. -ENOMEM. */
int proc_part_unshare(enum proc_part_slot slot);

/*
 * A process that nobody knows yet, with one reference: limits, name and signal actions from
 * `parent`, or none yet and the default ones when that is NULL. NULL: out of memory.
 */
struct process *process_alloc(struct process *parent);

/*
 * Gives it a pid, its thread that as tid, and links both in: from now on it can be found. Under
 * process_lock. The pid; -EAGAIN (none is free, RLIMIT_NPROC); what pid_may_be_born and
 * pid_give_numbers say. `wish` may be NULL.
 */
int process_link(struct process *p, struct thread *t, const struct pid_wish *wish);

/*
 * The same for one more thread of a process. The tid; -EAGAIN; -ERESTARTNOINTR when the process ends,
 * stops or becomes another program, which the caller has to take part in first.
 */
int process_link_thread(struct process *p, struct thread *t, const struct pid_wish *wish);

/* Takes an ended thread, which is the current one, out of the tables and its process. As above. */
void process_unlink_thread(struct process *p, struct thread *t);

/* The current thread, the only one left of its process, takes over the pid. Takes process_lock. */
void process_become_leader(void);

/* Forgets a zombie: its pid is free. The table's reference becomes the caller's. Under process_lock. */
void process_unlink(struct process *p);

/* A group or session with that id is gone: its numbers are free if nothing else has it. Under process_lock. */
void process_release_id(int id);

/* Ends the wait of whoever made this process by vfork. */
void process_release_vfork(struct process *p);

/*
 * The process with that pid, zombies included, or with a thread of that tid, both as the current process sees
 * them, with a reference; NULL when there is none.
 */
struct process *process_find(int pid);
void process_get(struct process *p);
void process_put(struct process *p);

/* The process with the smallest pid > after, with a reference; NULL at the end. For /proc. */
struct process *process_next(int after);

/* Its address space with a reference, or NULL once it has ended. For /proc. */
struct uvm *process_uvm(struct process *p);

/*
 * The thread with that tid, as the current process sees it, of any process, or NULL (a leader that
 * has ended is none); good while process_lock is held.
 */
struct thread *process_find_thread(int tid);

/* The thread of p with that tid, as p sees it, or NULL; good while process_lock is held. */
struct thread *process_thread(struct process *p, int tid);

/*
 * For who looks at a part of a thread: the one with that tid, as above; 0: its leader, or any other when that has
 * ended.
 */
struct thread *process_thread_or_any(struct process *p, int tid);

/*
 * The smallest tid > after of p's threads, as p sees it, 0 at the end. The pid is always among them, as on Linux,
 * whether the leader still runs or not. For /proc.
 */
int process_next_tid(struct process *p, int after);

/* Number of processes (zombies too) and of threads of processes. */
u32 process_count(void);
u32 process_thread_count(void);

/* The last pid that was given out where the current process lives (for /proc/loadavg). */
int process_last_pid(void);
/* The next one is looked for behind that: 0..PID_MAX - 1. Takes process_lock. */
void process_set_last_pid(int pid);

/* A letter as ps shows it: R S D T Z; NULL: Z. Under process_lock. */
char thread_state_letter(const struct thread *t);

/* Cpu time and counts so far of the whole process; _locked: under process_lock. */
void process_usage(struct process *p, struct usage *out);
void process_usage_locked(struct process *p, struct usage *out);
void thread_usage(struct thread *t, struct usage *out);
void usage_add(struct usage *to, const struct usage *from);

/* --- birth (kernel/fork.c) --- */

struct fork_args {
    u64 flags; /* CLONE_*, without the signal number; those above bit 31 are clone3's */
    int exit_signal;
    vaddr_t stack;      /* the child's sp; 0: the parent's */
    vaddr_t tls;        /* with CLONE_SETTLS */
    vaddr_t parent_tid; /* with CLONE_PARENT_SETTID */
    vaddr_t child_tid;  /* with CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID */
    /* If not NULL: is told of a child process (not a thread) that is linked in and has not run yet. May sleep. */
    void (*born)(struct process *child, void *arg);
    void *born_arg;
    struct pid_wish wish;
    u32 group_sends; /* process_fork's: sig_group_sends when it began */
};

/*
 * A child of the current process, a copy of it with the calling thread alone, or with CLONE_THREAD
 * another thread of it; it returns 0 from the same system call. Its pid or tid, or -ENOMEM, -EAGAIN
 * (limits), -EINVAL (flags that are not supported, or not together), -EPERM, and what
 * pid_may_be_born and pid_give_numbers say. The number is as the caller sees it. With CLONE_VFORK returns when
 * the child has called exec or ended, or the caller is to die.
 */
int process_fork(struct fork_args *args, struct trap_frame *tf);

/*
 * Makes pid 1, which runs `start` in kernel mode, in the new process, still without an address
 * space, and goes to user mode through its trap frame when that returns. 0 or -ENOMEM.
 */
int process_start_init(void (*start)(struct trap_frame *tf));

/* --- exec: the process's half; the loader is above --- */

/*
 * Ends all other threads of the current process, and returns when they are gone: 0. -ERESTARTNOINTR
 * when the process ends meanwhile or another thread has been faster; the caller is to die. After 0
 * comes process_exec() and nothing that can fail.
 */
int process_exec_alone(void);

/*
 * The point of no return: gives the current process its new address space, credentials and name, makes
 * it forget handlers, files to close and so on. Takes over the caller's references of `uvm` and `cred`;
 * `readable`: the old program's user may read the file. Cannot fail. The caller goes on to fill in the trap frame.
 */
void process_exec(struct uvm *uvm, struct cred *cred, bool readable, const char *comm);

/* Sets the name of a thread of p; the leader's is the process's. -ESRCH. */
int process_set_name(struct process *p, int tid, const char *name);

/* --- death (kernel/exit.c) --- */

/*
 * Ends the current process, all its threads, with a wait status: code << 8, or a signal. The first
 * to say so says with which.
 */
__noreturn void process_exit(int wait_status);

/* exit(2): ends the current thread. When it was the last, the process ends with the leader's code. */
__noreturn void process_exit_thread(int code);

/* --- waiting (kernel/wait.c) --- */

enum wait_who { WAIT_ANY, WAIT_PID, WAIT_PGRP };

struct wait_request {
    enum wait_who who;
    int id;      /* in the root namespace; 0: of nobody */
    int options; /* WNOHANG, WEXITED, WSTOPPED (= WUNTRACED), WCONTINUED, WNOWAIT, __WALL, ... */
};

struct wait_result {
    int pid; /* as the current process sees it */
    u32 uid;
    int status; /* as wait4 reports it */
    int code;   /* CLD_*, for waitid */
    int value;  /* si_status, for waitid */
    struct usage usage;
};

/* A pid, 0 (WNOHANG and nothing), -ECHILD, -ERESTARTSYS, -EINVAL. Fills *out when > 0. */
int process_wait(const struct wait_request *request, struct wait_result *out);

/*
 * Tells the parent that its child stopped, went on or ended (CLD_*): SIGCHLD, and who waits for it
 * wakes up. Under process_lock.
 */
void process_tell_parent(struct process *p, int code);

/* Takes a zombie out of the world and adds its usage to its parent's. Under process_lock. */
void process_reap(struct process *p);

/* --- groups and sessions (kernel/pgrp.c); pid 0 means the caller; errors as in Linux --- */

int process_setpgid(int pid, int pgid);
int process_getpgid(int pid);
int process_getsid(int pid);
int process_setsid(void);

/* The session of the current process. Under process_lock: another thread may call setsid. */
struct session *current_session(void);
/* Whether the current process leads its session. */
bool process_is_session_leader(void);
/* Id of p's group and session (0 for the reaped). Any context. */
int process_pgid(struct process *p);
int process_sid(struct process *p);
/* Under process_lock: the group of that id; entering and leaving one. */
struct pgrp *pgrp_find(int pgid);
void pgrp_join(struct pgrp *group, struct process *p);
void pgrp_leave(struct process *p);
/* A session and its first group, both with p's pid, which p leads. 0 or -ENOMEM. Under process_lock. */
int session_create(struct process *p);
/* The same as pgrp_is_orphaned, if `without` (may be NULL) were not there. Under process_lock. */
bool pgrp_orphaned_without(const struct pgrp *group, const struct process *without);
/* Whether a group exists, and in which session (0: none). For TIOCSPGRP. */
int pgrp_session_id(int pgid);
/* Whether nobody outside could continue it: its members must not be stopped by the terminal. */
bool pgrp_is_orphaned(int pgid);

/*
 * Nice values by PRIO_PROCESS or PRIO_PGRP (kernel/nice.c); who 0: the caller's. Get: the most
 * favoured one. Set: clamped to -20..19. -EINVAL, -ESRCH.
 */
int process_get_nice(int which, int who, int *nice);
int process_set_nice(int which, int who, int nice);

/* --- interval timers (kernel/itimer.c): ITIMER_REAL, VIRTUAL, PROF; ns; -EINVAL --- */

int itimer_get(int which, u64 *value_ns, u64 *interval_ns);
int itimer_set(int which, u64 value_ns, u64 interval_ns, u64 *old_value, u64 *old_interval);

/* Somebody in the process has taken a SIGALRM: the next one may come when it is due. No lock held. */
void itimer_alarm_taken(struct process *p);

/* The process ends: no more signals from them. */
void itimer_stop(struct process *p);
/*
 * Compares the cpu time of a process with its limits and timers and sends what is due. Returns how long, in
 * ns, one of its threads may run until the next time; TIME_NEVER when there is nothing to compare with.
 * From the timer interrupt.
 */
u64 itimer_check(struct process *p);

/* The limits or timers of a process have changed: each of its threads is checked as soon as it runs. */
void itimer_watch(struct process *p);
