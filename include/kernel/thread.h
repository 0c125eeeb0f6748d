/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: what the scheduler runs. A kernel thread has no process; a user thread belongs to one.
 *
 * A struct thread is freed by whoever runs next on its cpu after its last switch, so a pointer to
 * another thread is good only under the lock that keeps it alive: the process lock for threads
 * of processes, the queue's lock for waiters.
 */
#pragma once

#include <arch/context.h>
#include <base/lock_check.h>
#include <base/percpu.h>
#include <base/wait.h>
#include <kernel/pid.h>
#include <kernel/run_queue.h>
#include <kernel/sigset.h>
#include <kernel/timer.h>
#include <lib/list.h>
#include <lib/types.h>
#include <mm/kstack.h>

struct cred;
struct pi_lock;
struct pi_waiter;
struct process;
struct trap_frame;

enum thread_state {
    THREAD_RUNNING,         /* runs, or waits in a run queue */
    THREAD_INTERRUPTIBLE,   /* sleeps; a signal ends the sleep */
    THREAD_UNINTERRUPTIBLE, /* sleeps until woken */
    THREAD_STOPPED,         /* job control: sleeps until it is continued or killed */
    THREAD_NEW,             /* never ran yet */
    THREAD_DEAD,            /* has left the cpu for good */
};

/*
 * Bits of thread->work: reasons to look at this thread before it returns to user mode. The
 * scheduler copies them into cpu->work when it switches to the thread (CPU_WORK_RESCHED, bit 0,
 * is the cpu's own).
 */
#define THREAD_WORK_SIGNAL CPU_WORK_THREAD /* a signal may have to be delivered */

#define THREAD_NAME_MAX 16

/* Slots for what the layers above keep per thread: the first of enum proc_part_slot in <kernel/process.h>. */
enum { THREAD_PART_FILES, THREAD_PART_FS, THREAD_PARTS };

/*
 * How a system call goes on that a signal has interrupted for which no handler is called: the system call layer's, for
 * restart_syscall(2). What the fields say beside the first one is the call's own affair.
 */
struct restart {
    long (*go_on)(const struct restart *how); /* NULL: nothing was interrupted */
    u64 until;                                /* of the clock that the call waits by */
    vaddr_t addr;
    u32 value, mask, flags;
};

/* A run time that no thread reaches. Half of what fits, so that differences keep their sign. */
#define THREAD_UNCHECKED (~0ul >> 1)

struct thread {
    struct arch_context context;

    /* The scheduler's; under the lock of the run queue of `cpu`. */
    struct run_entity run;
    u32 work;       /* THREAD_WORK_* */
    u8 state;       /* enum thread_state; the thread itself sets it when it goes to sleep */
    bool timed_out; /* the sleep's deadline has passed */
    u32 cpu;        /* whose run queue; changes only under both queues' locks */
    u64 affinity;   /* cpus it may run on, a bit each */
    u64 check_at;   /* run.ticks at which its cpu time is compared with limits; THREAD_UNCHECKED */
    struct timer sleep_timer;

    struct lock_stack locks; /* the lock checker's: which sleeping locks it holds */

    struct uvm *uvm; /* address space it runs in; NULL: the kernel's own */
    struct kstack stack;
    char name[THREAD_NAME_MAX]; /* NUL-terminated; the command of a user thread */

    struct cred *real_cred;  /* who it is (<kernel/cred.h>): counted; changes under process_lock */
    const struct cred *cred; /* what it acts with; its own to read */

    /* Counted by the thread itself. */
    u64 switches_voluntary, switches_forced;
    u64 faults_minor, faults_major;

    /* Of user threads. */
    void *part[THREAD_PARTS]; /* written by the thread itself */
    int tid;                  /* what it calls itself: its number in its process's PID namespace */
    struct id_node
        id; /* the kernel's name of it; in the table of threads, unless it leads its process */
    struct process *process;
    struct list process_link;      /* in process->threads */
    struct trap_frame *user_frame; /* its registers in user mode, at the top of the stack */
    struct sig_thread sig;
    vaddr_t clear_child_tid; /* 0, or a word to clear and wake at exit */
    vaddr_t set_child_tid;   /* 0, or a word that gets the tid before user mode */
    vaddr_t robust_list;     /* locks to be released at exit (kernel/abi/robust.c), or 0 */
    struct pi_lock
        *pi_held; /* locks with an owner (kernel/abi/futex_pi.c): others wait for these; */
    struct pi_waiter *pi_waits; /* it waits for this one */
    bool pi_gone;               /* it ends, nobody is to wait for it any more */
    struct restart restart;
};

/*
 * A thread that has a stack, its maker's credentials, and is not started. Its first switch enters `entry(arg)` with
 * interrupts off and the run queue locked: entry calls sched_begin() first and never returns.
 * NULL when out of memory.
 */
struct thread *thread_alloc(const char *name, void (*entry)(void *arg), void *arg);

/* Gives back a thread that was never started, or that is off its stack for good. */
void thread_free(struct thread *thread);
