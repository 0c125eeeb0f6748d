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
#include <base/percpu.h>
#include <base/wait.h>
#include <kernel/sigset.h>
#include <kernel/timer.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <lib/types.h>
#include <mm/kstack.h>

struct process;
struct trap_frame;

enum thread_state {
    THREAD_RUNNING,         /* runs, or waits in a run queue */
    THREAD_INTERRUPTIBLE,   /* sleeps; a signal ends the sleep */
    THREAD_UNINTERRUPTIBLE, /* sleeps until woken */
    THREAD_NEW,             /* never ran yet */
    THREAD_DEAD,            /* has left the cpu for good */
};

/*
 * Reasons to stop at the return to user mode; CPU_WORK_RESCHED (bit 0) is the cpu's own. The
 * scheduler copies a thread's bits into cpu->work when it switches to it.
 */
#define THREAD_WORK_SIGNAL 2u /* a signal may have to be delivered */

#define THREAD_NAME_MAX 16

struct thread {
    struct arch_context context;

    /* The scheduler's; under the lock of the run queue of `cpu`. */
    struct rb_node run_node;
    u64 vruntime;   /* weighted run time, in ticks << 10 */
    u64 run_ticks;  /* time on a cpu, in ticks, without the present turn */
    u32 weight;     /* from nice; 1024 for nice 0 */
    u32 work;       /* THREAD_WORK_*; changed with atomic operations */
    u8 state;       /* enum thread_state */
    s8 nice;        /* -20..19 */
    bool queued;    /* in the run queue; never true of the running thread */
    bool timed_out; /* the sleep's deadline has passed */
    bool preempted; /* left the cpu unwillingly */
    u32 cpu;        /* whose run queue; changes only under both queues' locks */
    u64 affinity;   /* cpus it may run on, a bit each */
    struct timer sleep_timer;

    struct uvm *uvm; /* address space it runs in; NULL: the kernel's own */
    struct kstack stack;
    char name[THREAD_NAME_MAX]; /* of kernel threads; a process has its own */

    /* The thread's own, or written by it alone. */
    u64 switches_voluntary, switches_forced;
    u64 faults_minor, faults_major;
    u32 samples_user, samples_system; /* timer interrupts that found it in that mode */

    /* Of user threads. */
    int tid;
    struct process *process;
    struct list process_link;      /* in process->threads */
    struct trap_frame *user_frame; /* its registers in user mode, at the top of the stack */
    struct sig_thread sig;
    vaddr_t clear_child_tid; /* 0, or a word to clear and wake at exit */
    vaddr_t set_child_tid;   /* 0, or a word that gets the tid before user mode */
    vaddr_t robust_list;     /* remembered for get_robust_list(2) */
    size_t robust_list_len;
};

/* Prepares the slab cache. Boot cpu, once. */
void thread_init(void);

/*
 * A thread that has a stack and is not started: enters `entry(arg)` on the kernel's root. NULL
 * when out of memory.
 */
struct thread *thread_alloc(const char *name, void (*entry)(void *arg), void *arg);

/* Gives back a thread that was never started, or that is off its stack for good. */
void thread_free(struct thread *thread);

/*
 * Creates and starts a kernel thread that runs fn(arg) and ends when that returns. `cpu` binds
 * it to one cpu, -1 lets the scheduler choose. ERR_PTR(-ENOMEM), or -EINVAL for a cpu that is
 * not online. The pointer is good for as long as the caller knows that fn has not returned.
 */
struct thread *thread_create_kernel(const char *name, void (*fn)(void *arg), void *arg, int cpu);

/* Ends the calling kernel thread. */
__noreturn void thread_exit(void);

/* The name to print: the process's command for user threads. */
const char *thread_name(const struct thread *thread);
