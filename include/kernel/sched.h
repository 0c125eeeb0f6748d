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

/*
 * Makes the idle thread of a cpu, before anything runs on that cpu's run queue. The stack it
 * will run on, or 0 when out of memory. Boot cpu; slab works.
 */
vaddr_t sched_prepare_cpu(u32 cpu);

/*
 * The running code becomes the idle thread of this cpu; it has moved to that thread's stack. The cpu
 * counts as online. Interrupts are off until sched_idle().
 */
void sched_start_cpu(void);

/* The idle loop. Interrupts are on from now on. */
__noreturn void sched_idle(void);

/* What every new thread does first: completes the switch to it; interrupts are on afterwards. */
void sched_begin(void);

/*
 * Puts a new thread (THREAD_NEW) into the queue of the least loaded cpu that its affinity allows,
 * which has to be one. It runs when its turn comes; on the same cpu its parent goes on first.
 */
void sched_start_thread(struct thread *thread);

/* Gives the cpu to another runnable thread, if there is one. Threads only, no spinlock held. */
void sched_yield(void);

/* Lets others run if they have had less than the current thread. As above. */
void sched_preempt(void);

/* Ends the current thread: it never runs again and its memory goes once it is off its stack. */
__noreturn void sched_exit(void);

/* True when somebody else should run here now. One load. */
static inline bool sched_need_resched(void)
{
    return READ_ONCE(this_cpu()->work) & CPU_WORK_RESCHED;
}

/* For long loops in the kernel: lets others run if it is their turn. No spinlock held. */
static inline void cond_yield(void)
{
    if (unlikely(sched_need_resched()))
        sched_preempt();
}

/*
 * The timer interrupt's parts, `now` in ticks, `user`: it came from user mode. First the current thread
 * is charged and sampled, and a switch asked for when its slice is over; then sched_next_tick() says
 * when the scheduler wants the next interrupt (TIME_NEVER: not at all). Interrupts off.
 */
void sched_tick(u64 now, bool user);
u64 sched_next_tick(u64 now, bool user);

/*
 * Once the thread has run for another `ns` on a cpu, sched_check_due() becomes true of it, in a timer
 * interrupt that comes then; 0: as soon as it runs; TIME_NEVER: never. The caller keeps it alive.
 */
void sched_check_after(struct thread *thread, u64 ns);

/* Whether the current thread has run that long. Interrupts off. */
bool sched_check_due(void);

/* The current thread is back after a long time in user mode (CPU_WORK_ENTRY): samples are taken again. */
void sched_entered(void);

/* Another cpu has put something into this cpu's queue. Interrupts off. */
void sched_ipi(void);

/* Marks the current thread as stopped, as sched_prepare does; sched_wake() ends that. */
void sched_prepare_stop(void);

/*
 * Sets bits of thread->work, on which the return to user mode stops, and tells the cpu that runs
 * the thread. With `wake`, an interruptible sleep of the thread ends too, and one that is stopped
 * looks whether it still is.
 */
void sched_set_work(struct thread *thread, u32 bits, bool wake);

/* Clears bits of the current thread's work. */
void sched_clear_work(u32 bits);

/* The current thread goes on in another address space (NULL: none). References are the caller's. */
void sched_set_uvm(struct uvm *uvm);

/* -20 (most) .. 19 (least); the caller has clamped it. */
void sched_set_nice(struct thread *thread, int nice);

/*
 * Restricts a thread to cpus of `mask`; -EINVAL when none of them is online. If the thread runs on
 * another one it leaves that at the next return to user mode or sched_preempt(), if it waits, at
 * once. The caller keeps the thread alive; no run queue's lock held.
 */
int sched_set_affinity(struct thread *thread, u64 mask);

/*
 * Runs the current thread on every online cpu once. Kernel code is not preempted: what ran in the kernel
 * when this began has come to its end by then, or has slept. No spinlock held.
 */
void sched_visit_cpus(void);

/* How long a thread has run, in ticks, including its present turn; of these in user mode. */
void sched_thread_ticks(struct thread *thread, u64 *total, u64 *user);

/* The slice of a thread when others wait, in nanoseconds. */
u64 sched_slice_ns(void);

/* Counted by each cpu under its queue's lock. */
struct sched_counters {
    u64 switches;   /* context switches */
    u64 migrations; /* threads that came from another cpu's queue; */
    u64 steals;     /* of these, when this cpu had nothing to do */
    u64 ticks;      /* interrupts of the timer */
};

struct sched_stats {
    struct sched_counters counters;
    u64 idle_ticks; /* time spent in the idle thread */
    u64 user_ticks;
    u64 system_ticks;
    u32 runnable; /* threads running or waiting to run, without the idle thread */
    u32 blocked;  /* threads in uninterruptible sleep */
};

/* Figures of one cpu; those that change meanwhile may be slightly old. */
void sched_cpu_stats(u32 cpu, struct sched_stats *out);

/* Load averages of 1, 5 and 15 minutes, in 1/65536 (kernel/loadavg.c). */
#define LOAD_ONE 65536ul
void loadavg_get(u64 out[3]);
