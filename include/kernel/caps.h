/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capabilities of a process, as Linux's for root: all there at first, a program can give them up.
 *
 * Every program is root; what one lacks is only what it or an ancestor has dropped. exec brings back
 * all that the bounding set still holds, as on Linux for root. Threads share them. Lock:
 * process_lock to change them; whether one is there is read without.
 */
#pragma once

#include <lib/types.h>

struct process;

/* The capabilities that something here asks for; numbers of Linux. */
#define CAP_SETPCAP      8
#define CAP_IPC_LOCK     14
#define CAP_SYS_ADMIN    21
#define CAP_SYS_RESOURCE 24
#define CAP_LAST         40

#define CAPS_ALL ((2ul << CAP_LAST) - 1)

struct caps {
    u64 effective, permitted, inheritable;
    u64 bounding; /* what exec can bring back */
};

/* Pid 1's. */
void caps_init_process(struct process *p);

/* Whether the current process may do what the capability stands for. */
bool caps_have(unsigned cap);

/* The same of the program that it is about to become. */
bool caps_have_after_exec(unsigned cap);

/* A copy of what a process has. */
void caps_get(struct process *p, struct caps *out);

/*
 * As capset(2), for the current process; `bounding` is not looked at. The caller then has the limits
 * of memory looked at again (rlimit_apply). -EPERM: more than was permitted.
 */
int caps_set(const struct caps *caps);

/* As prctl(PR_CAPBSET_DROP). -EINVAL: no such capability; -EPERM. */
int caps_drop_bounding(unsigned cap);

/* A program of root's begins. The current process, at the point of no return of exec. */
void caps_exec(struct process *p);
