/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: one run queue per cpu, fair by virtual run time.
 *
 * A runnable thread waits in the queue of its cpu (thread->cpu), ordered by the time it has run
 * divided by its weight; the one that has had least runs next. User code is preempted at the
 * return to user mode when CPU_WORK_RESCHED is set; kernel code gives the cpu away only by
 * sleeping, yielding or cond_yield(). An idle cpu waits in the idle thread without a tick.
 *
 * sched_prepare, sched_block, sched_unprepare and sched_wake are declared in <base/wait.h>.
 */
#pragma once

#include <kernel/thread.h>
#include <lib/types.h>

#define SCHED_NICE_MIN (-20)
#define SCHED_NICE_MAX 19

/* Turns the running code of the boot cpu into its idle thread. Boot cpu, once, slab works. */
void sched_init(void);

/*
 * The same on a secondary cpu, which then idles and never returns. `stack_top` is the stack it
 * runs on. Called from the cpu's start, interrupts off.
 */
__noreturn void sched_start_cpu(void);

/* The boot cpu's idle loop: what is left of start-up when everything runs in threads. */
__noreturn void sched_idle(void);

/* Makes the idle thread of a secondary cpu, before that cpu is started. 0 or -ENOMEM. */
int sched_prepare_cpu(u32 cpu);

/*
 * Puts a new thread (THREAD_NEW) into the queue of a cpu: `thread->cpu`, chosen by
 * sched_choose_cpu. It runs when its turn comes; a parent goes on first.
 */
void sched_start_thread(struct thread *thread);

/* The least loaded cpu that the mask allows, or -EINVAL when it allows none that is online. */
int sched_choose_cpu(u64 affinity);

/* Gives the cpu to another runnable thread, if there is one. Threads only, no spinlock held. */
void sched_yield(void);

/* Ends the current thread: it never runs again and its memory goes once it is off its stack. */
__noreturn void sched_exit(void);

/* True when somebody else should run here now. One load. */
static inline bool sched_need_resched(void)
{
    return READ_ONCE(this_cpu()->work) & CPU_WORK_RESCHED;
}

/* For long loops in the kernel: yields if somebody waits. No spinlock held. */
static inline void cond_yield(void)
{
    if (unlikely(sched_need_resched()))
        sched_yield();
}

/*
 * The timer interrupt: runs due timers, accounts the current thread, asks for a switch when its
 * slice is over, and programs the next deadline. `user`: it interrupted user mode.
 */
void sched_timer_interrupt(bool user);

/* A timer with an earlier deadline than before was armed on this cpu: programs it. Irqs off. */
void sched_timer_changed(u64 deadline_ticks);

/*
 * Sets or clears bits of thread->work, on which the return to user mode stops, and tells the
 * cpu that runs the thread. With `wake`, an interruptible sleep of the thread ends too.
 */
void sched_set_work(struct thread *thread, u32 bits, bool wake);
void sched_clear_work(u32 bits);

/* Switches the current thread to its process's new address space (exec). */
void sched_set_uvm(struct uvm *uvm);

/* -20 (most) .. 19 (least); the caller has clamped it. */
void sched_set_nice(struct thread *thread, int nice);

/* Cpus on which user programs may run. The boot cpu alone for now. */
u64 sched_user_cpus(void);

/* Restricts a thread to cpus of `mask`; -EINVAL when that leaves no cpu it may run on. */
int sched_set_affinity(struct thread *thread, u64 mask);

/* How long a thread has run, in ticks, including its present turn. */
u64 sched_thread_ticks(struct thread *thread);

/* How often the running thread is sampled and, when others wait, its slice; in nanoseconds. */
u64 sched_slice_ns(void);

/* Asks for samples often enough for cpu-time limits of the running process. Irqs on or off. */
void sched_sample_often(void);

struct sched_stats {
    u64 switches;   /* context switches */
    u64 idle_ticks; /* time spent in the idle thread */
    u64 user_ticks, system_ticks;
    u32 runnable; /* threads running or waiting to run, without the idle thread */
    u32 blocked;  /* threads in uninterruptible sleep */
};

/* Figures of one cpu; those that change meanwhile may be slightly old. */
void sched_cpu_stats(u32 cpu, struct sched_stats *out);

/* Load averages of 1, 5 and 15 minutes, in 1/65536 (kernel/loadavg.c). */
#define LOAD_ONE 65536ul
void loadavg_get(u64 out[3]);
