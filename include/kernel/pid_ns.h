/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PID namespaces: who has which number where.
 *
 * Everything that has a pid, tid, or the id of a group or session has one id, its number in the root
 * namespace; objects, tables and logs know that alone, and who lives in the root pays for no more. In
 * each namespace below the root, down to the one that it was born in, an id has another number. These
 * are kept beside the id (kernel/pid_number.c) from its first use to the end of its last: a group keeps
 * its number though its founder has been reaped. Where a program meets a number it is translated.
 *
 * A process lives in the namespace that it was born in (process->pid_ns), for ever. unshare and
 * setns say where its children will be born. The first process of a namespace is its init: it becomes
 * the parent of those whose parent has ended, and takes all others with it when it ends
 * (kernel/pid_zap.c); after that nobody is born there.
 *
 * Lock: process_lock for all of it, but for what says otherwise. References: a process, an id with
 * numbers and a namespace below hold the namespace, through its struct ns.
 */
#pragma once

#include <kernel/namespace.h>
#include <kernel/pid.h>
#include <kernel/process.h>
#include <lib/errno.h>
#include <lib/types.h>

#define PID_NS_LEVELS 32 /* below the root, as on Linux */

struct pid_ns {
    struct ns *ns; /* what this is a part of: has the references */
    struct pid_ns *parent;
    unsigned level;       /* 0: the root */
    int last;             /* the number that was given out last, in turn */
    struct id_tree taken; /* numbers; the root's are the ids themselves, and not in it */
    struct process *init; /* number 1; NULL before it is born and after its end */
    bool closed;          /* its init ends or has ended */
    u32 processes;        /* in it or below, zombies too; not counted for the root */
};

extern struct pid_ns pid_ns_root;

/* Any context. */
static inline void pid_ns_get(struct pid_ns *ns)
{
    if (unlikely(ns != &pid_ns_root))
        ns_get(ns->ns);
}

static inline void pid_ns_put(struct pid_ns *ns)
{
    if (unlikely(ns != &pid_ns_root))
        ns_put(ns->ns);
}

/* The one that the current process lives in; of kernel threads the root. */
static inline struct pid_ns *current_pid_ns(void)
{
    const struct process *p = current_process();

    return likely(p) ? p->pid_ns : &pid_ns_root;
}

/* The namespace in which the children of a process with these namespaces are born. */
static inline struct pid_ns *pid_ns_of(const struct ns *ns)
{
    return ns->part[NS_PID_NUMBERS];
}

/* --- numbers (kernel/pid_number.c) --- */

/* Out of line: the halves for who does not live in the root. */
int pid_number_below(const struct pid_ns *ns, int id);
int pid_id_below(const struct pid_ns *ns, int number);
void pid_release_numbers(int id);

/* The number of an id in a namespace; 0: it has none there. */
static inline int pid_number(const struct pid_ns *ns, int id)
{
    return likely(ns == &pid_ns_root) ? id : pid_number_below(ns, id);
}

/* The id that has that number; 0: none has. In the root any number is its own id. */
static inline int pid_id(const struct pid_ns *ns, int number)
{
    return likely(ns == &pid_ns_root) ? number : pid_id_below(ns, number);
}

/* After the last number the search goes on here: low ones belong to what lives long. */
#define PID_SECOND_ROUND 300

/* The next number in turn that `used` does not know; -EAGAIN when all are taken. */
static inline int pid_next_number(struct pid_ns *ns,
                                  bool (*used)(const struct pid_ns *ns, int number))
{
    int number = ns->last;

    for (unsigned i = 0; i < PID_MAX; i++) {
        number = number + 1 < PID_MAX ? number + 1 : PID_SECOND_ROUND;
        if (!used(ns, number))
            return ns->last = number;
    }
    return -EAGAIN;
}

/* What a wish says of a level; 0: nothing. */
int pid_wished(const struct pid_wish *wish, const struct pid_ns *ns, unsigned level);

/*
 * Whether something can be born in the namespace with the numbers of the wish. -EINVAL: out of range, for
 * more levels than there are, or not 1 where no init is yet; -EPERM: a wish of who may have none (neither
 * CAP_SYS_ADMIN nor CAP_CHECKPOINT_RESTORE); -ENOMEM, as on Linux: it is closed.
 */
int pid_may_be_born(const struct pid_ns *ns, const struct pid_wish *wish);

/*
 * Gives a new id its numbers in `ns` and those above, but for the root. The one in `ns`, or -EEXIST (the
 * one wished for is taken), -EAGAIN (all are), -ENOMEM.
 */
int pid_give_numbers(struct pid_ns *ns, int id, const struct pid_wish *wish);

/* The ids that have numbers below the root. */
extern struct id_tree pid_numbered;

/* The smallest number > after that is taken, and its id; 0: there is none. Not for the root. */
int pid_next_taken(const struct pid_ns *ns, int after, int *id);

/* Fills in the numbers that an id has below the root, downwards: as many as there are, at most PID_NS_LEVELS. */
void pid_numbers_of(int id, int *number);

/* Whether `ns` is `above` or below it. Any context. */
bool pid_ns_is_within(const struct pid_ns *ns, const struct pid_ns *above);

/* --- as the current process sees it (kernel/process.c); for who does not hold process_lock --- */

/* What the current process is told of an id: 0 when it cannot see it. */
int pid_seen(int id);

/* The id that the current process means; 0: it sees none such. */
int pid_of_seen(int number);

/* --- processes by their number in a namespace (kernel/process.c); these take process_lock --- */

/* The process with that pid, zombies included, with a reference; NULL: none, or it is a thread's. */
struct process *process_by_pid(const struct pid_ns *ns, int pid);

/* That with the smallest pid > *pid, with a reference, and its pid; NULL at the end. */
struct process *process_next_in(const struct pid_ns *ns, int *pid);

/* --- the end (kernel/pid_zap.c) --- */

/*
 * The last thread of the namespace's init ends: nobody is born any more, all that live in it or below are
 * killed, and this returns when they are gone and reaped. Sleeps.
 */
void pid_ns_zap(struct pid_ns *ns);
