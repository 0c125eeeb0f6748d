/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock checker of DEBUG=1 builds. Each finding is a panic that says what and where:
 *
 * - a lock taken against the order that was seen before (<base/lock_graph.h>), or two of one kind at
 *   once; spinlocks and locks that sleep each have an order;
 * - a spinlock taken with interrupts on, or twice by one cpu, or released by another (spinlock.c);
 * - a lock that sleeps, released by a thread that does not hold it, or held by one that ends or
 *   goes back to user mode;
 * - sleeping, or what might sleep, with a spinlock held, with interrupts off or in an interrupt;
 * - a spinlock that one cpu has held for lockwatch=SECONDS (30) while another waited for it.
 *
 * Spinlocks held are noted per cpu, those that sleep per thread. In other builds all of this is nothing.
 * Host tests have no threads to speak of and do without it too.
 */
#pragma once

#include <lib/types.h>

#if DEBUG && !defined(HOST_TEST)
#define LOCK_CHECK 1
#else
#define LOCK_CHECK 0
#endif

struct thread;

/* In each lock that sleeps: its class, looked up when it is first taken. */
struct lock_label {
#if LOCK_CHECK
    u8 class;
#endif
};

/* Locks held, in the order in which they were taken. */
#define LOCKS_HELD_MAX 12

struct lock_held {
    const void *lock;
    vaddr_t at; /* where it was taken */
    u8 class;
};

/* In each thread, for the locks that sleep. */
struct lock_stack {
#if LOCK_CHECK
    u32 count;
    struct lock_held held[LOCKS_HELD_MAX];
#endif
};

/* How a lock is taken. */
enum lock_how {
    LOCK_WAIT,   /* waits for it */
    LOCK_TRIED,  /* it was free, nobody waited: no order is broken by that */
    LOCK_SECOND, /* waits, and may hold one of the same kind that lies at a lower address */
};

#if LOCK_CHECK

/* Before a lock is waited for; after it was tried. `at`: the place to name in reports. */
void lock_check_spin(const void *lock, u8 *class, const char *name, enum lock_how how, vaddr_t at);
void lock_check_sleeping(const void *lock, struct lock_label *label, const char *name,
                         enum lock_how how);

/* Before a lock is released. */
void lock_check_spin_drop(const void *lock);
void lock_check_sleeping_drop(const void *lock, const char *name);

/* At everything that may sleep, whether it does or not. */
void lock_check_may_sleep(void);

/* The scheduler continues a thread whose sleeping locks are noted there. Interrupts off. */
void lock_check_switch(struct lock_stack *stack);

/* The current thread ends or goes back to user mode: it holds nothing. */
void lock_check_none_held(void);

/* Panic: from now on nothing is checked. */
void lock_check_off(void);

/* Writes what has been learnt, one line for each edge: "spinlock A before B" or "lock A before B". */
struct fmt_sink;
void lock_check_print(struct fmt_sink *sink);

/* Prints what a cpu, and the thread that runs there, hold. For panic: all cpus have stopped. */
void lock_check_show(u32 cpu);

#else

static inline void lock_check_spin(const void *lock, u8 *class, const char *name, enum lock_how how,
                                   vaddr_t at)
{
    (void)lock;
    (void)class;
    (void)name;
    (void)how;
    (void)at;
}

static inline void lock_check_spin_drop(const void *lock)
{
    (void)lock;
}

static inline void lock_check_sleeping(const void *lock, struct lock_label *label, const char *name,
                                       enum lock_how how)
{
    (void)lock;
    (void)label;
    (void)name;
    (void)how;
}

static inline void lock_check_sleeping_drop(const void *lock, const char *name)
{
    (void)lock;
    (void)name;
}

static inline void lock_check_may_sleep(void)
{
}

static inline void lock_check_switch(struct lock_stack *stack)
{
    (void)stack;
}

static inline void lock_check_none_held(void)
{
}

static inline void lock_check_off(void)
{
}

static inline void lock_check_show(u32 cpu)
{
    (void)cpu;
}

#endif
