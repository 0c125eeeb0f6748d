/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every cpu has: struct cpu, reached in one instruction through this_cpu().
 *
 * Cpus carry logical ids 0..cpu_count()-1, the boot cpu is 0; the machine's own numbers (which
 * may be sparse) are known to arch/ alone. Data of one module per cpu is a static array of
 * CPU_MAX elements indexed by cpu_id(), used with interrupts off: only then can the running
 * thread not move to another cpu in between.
 */
#pragma once

#include <arch/cpu.h>
#include <lib/types.h>

#define CPU_MAX 32

struct lock_stack;
struct run_queue;
struct thread;
struct uvm;

struct cpu {
    struct thread *current;  /* the thread that runs here; set by the scheduler */
    struct uvm *uvm;         /* its address space, NULL for kernel threads */
    struct run_queue *queue; /* the scheduler's */
    u32 id;                  /* logical id */
    u32 work;                /* CPU_WORK_*: what to do before returning to user mode */
    u64 interrupts;          /* taken so far */
    u32 irq_depth;           /* 1 while an interrupt handler runs, else 0 */
    u32 panicking;           /* panics entered on this cpu */
#if DEBUG
    struct lock_stack *locks; /* the lock checker's, of the current thread */
#endif
    struct arch_cpu arch; /* what arch/ keeps per cpu */
};

/*
 * Bits of cpu.work. RESCHED: enter the scheduler at the next return to user mode or idle check.
 * THREAD: the current thread has signals or other work of its own to look at; the scheduler sets it
 * when it continues such a thread, whoever posts work to a running thread sets it there.
 * ENTRY: the scheduler wants to hear when the program enters the kernel next, interrupts apart; arch/ notes
 * the time.
 */
#define CPU_WORK_RESCHED 1u
#define CPU_WORK_THREAD  2u
#define CPU_WORK_ENTRY   4u

extern struct cpu cpu_table[CPU_MAX];

/* The cpu that runs this code. Valid until the next sleep unless interrupts are off. */
static inline struct cpu *this_cpu(void)
{
    return arch_this_cpu();
}

static inline u32 cpu_id(void)
{
    return this_cpu()->id;
}

static inline struct thread *current_thread(void)
{
    return this_cpu()->current;
}

/* Number of cpus found in the device tree that can run the kernel. Fixed after early boot. */
u32 cpu_count(void);

/* True once the cpu has entered its idle loop. */
bool cpu_online(u32 id);

/* All of them: bit n is cpu n. */
u32 cpu_online_set(void);

/* Called by arch/ at early boot, once; and by each cpu as it comes up. */
void cpu_set_count(u32 count);
void cpu_set_online(u32 id);
