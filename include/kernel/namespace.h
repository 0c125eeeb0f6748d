/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Namespaces: which names, System V objects, mounts, sockets and pids a process sees.
 *
 * A process points at one set (struct namespaces), which fork shares and nobody changes: who gets
 * another namespace (clone, unshare, setns) gets another set. A namespace is only a count, a number
 * and parts: whoever keeps something per namespace registers a part for its type and finds there what
 * it has made. The first set, static, is everybody's at start-up and kernel threads' always.
 *
 * The pointer of a process changes under process_lock, and only by its own single thread: the current
 * set needs neither lock nor reference until the system call is over. Files, mounts and other objects
 * that outlive it take a reference of the namespace that they belong to.
 */
#pragma once

#include <kernel/process.h>
#include <lib/types.h>

enum ns_type { NS_UTS, NS_IPC, NS_MNT, NS_NET, NS_PID, NS_TYPES };

/* Who keeps what in ns->part[]. Slots of different types may have the same number. */
#define NS_PARTS       4
#define NS_UTS_NAMES   0 /* kernel/uts.c */
#define NS_IPC_SHM     0 /* kernel/abi/shm.c */
#define NS_IPC_SEM     1 /* System V semaphores */
#define NS_IPC_MSG     2 /* System V message queues */
#define NS_IPC_MQUEUE  3 /* POSIX message queues */
#define NS_MNT_MOUNTS  0 /* fs/mount.c */
#define NS_NET_UNIX    0 /* AF_UNIX: abstract names */
#define NS_PID_NUMBERS 0 /* kernel/pid.c */

struct ns {
    u32 refs;
    u8 type; /* enum ns_type */
    u32 id;  /* what /proc/PID/ns shows: unique */
    void *part[NS_PARTS];
};

struct ns_part {
    const char *name;
    /*
     * Fills its slot of a new namespace that nobody else knows yet: empty, or a copy of what `from`
     * has, which cannot go away meanwhile. 0 or a negative error. May sleep.
     */
    int (*make)(struct ns *ns, const struct ns *from);
    /* The last reference is gone, or a later part could not be made. May sleep. */
    void (*free)(struct ns *ns);
    /*
     * setns(2): the current process is about to enter: 0, or a negative error that refuses. May be
     * NULL. May sleep.
     */
    int (*enter)(struct ns *ns);
};

struct namespaces {
    u32 refs;
    /* Each with a reference. ns[NS_PID] is the one that children will be born in. */
    struct ns *ns[NS_TYPES];
};

/* The first ones: never freed. */
extern struct namespaces first_namespaces;

/* Registers what is kept per namespace; `first` is what the first one has. Before pid 1 exists. */
void ns_part_register(enum ns_type type, unsigned slot, const struct ns_part *part, void *first);

/* The current process's; of kernel threads and those that are ending the first one. */
static inline struct ns *current_ns(enum ns_type type)
{
    const struct process *p = current_process();
    const struct namespaces *set = p ? p->namespaces : NULL;

    return (set ? set : &first_namespaces)->ns[type];
}

struct ns *ns_get(struct ns *ns);
/* May sleep when it was the last reference. NULL is allowed. */
void ns_put(struct ns *ns);

/* A namespace of any process with a reference; NULL once it has ended. Takes process_lock. */
struct ns *process_ns(struct process *p, enum ns_type type);

/* The name as in /proc/PID/ns, and the CLONE_NEW* of a type. */
const char *ns_name(enum ns_type type);
u64 ns_flag(enum ns_type type);

/* All CLONE_NEW* that there are namespaces for here: those with a part. */
u64 ns_flags(void);

/*
 * For fork: gives the child its set; new ones where `flags` has CLONE_NEW*. -EPERM without
 * CAP_SYS_ADMIN; -ENOMEM, and whatever a part's make says. May sleep. `parent` NULL: the first set.
 */
int namespaces_fork(struct process *parent, struct process *child, u64 flags);

/* unshare(2), of the current process, which has a single thread. Errors as namespaces_fork. */
int namespaces_unshare(u64 flags);

/* setns(2): the same with namespaces that exist; NULL for a type that stays. The caller keeps its references. */
int namespaces_enter(struct ns *const wanted[NS_TYPES]);

/* Gives back a set that no process points to any more (NULL is allowed). May sleep. */
void namespaces_put(struct namespaces *set);
