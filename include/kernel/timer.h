/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers: a function called once at a deadline, in interrupt context on the cpu that armed it.
 *
 * Each cpu has a queue ordered by deadline; arming and cancelling cost a tree operation, and
 * nothing is ever scanned. A deadline in the past fires at once (at the next timer interrupt,
 * which is then due). The function runs with interrupts off and no timer lock held; it may arm
 * its own timer again.
 */
#pragma once

#include <lib/rbtree.h>
#include <lib/types.h>

struct timer {
    struct rb_node node;
    u64 deadline; /* ns of time_now_ns() */
    void (*fn)(struct timer *timer);
    u32 cpu;    /* whose queue it is in, or was in last */
    bool armed; /* under that queue's lock */
    bool
        astray; /* it was armed anew while its function ran on another cpu; the caller's, for timer_cancel */
};

/* Prepares a timer that is not armed. */
void timer_init(struct timer *timer, void (*fn)(struct timer *timer));

/*
 * Arms the timer on this cpu for an absolute deadline of time_now_ns(), moving it if it was armed already. It
 * does not come before that, whatever becomes of the clock's rate. The caller serialises timer_set_ns and
 * timer_cancel of one timer. Any context.
 */
void timer_set_ns(struct timer *timer, u64 deadline);

/*
 * Disarms. true: it was armed and its function will not run. When this returns, the function is
 * not running on any other cpu either, so the caller must not hold a lock that the function takes.
 */
bool timer_cancel(struct timer *timer);

/* The same without waiting for a function that runs elsewhere right now. */
bool timer_cancel_nowait(struct timer *timer);

/* Runs what is due on this cpu. `now` in ticks. The timer interrupt only. */
void timer_run(u64 now);

/* When the earliest deadline armed on this cpu is, in ticks as the clock's rate is now; TIME_NEVER when there is none. */
u64 timer_next(void);

/*
 * The rate of time_now_ns() has changed: sets the timer hardware of all cpus anew, through timer_poll(), which
 * a cpu runs in each interrupt from another, interrupts off. Any context.
 */
void timer_rate_changed(void);
void timer_poll(void);
