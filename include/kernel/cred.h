/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials: who a thread is. Users and groups as credentials(7) says, capabilities, securebits.
 *
 * A struct cred never changes once a thread has it: who changes takes a copy, changes that and puts it
 * in the place of the old one. So threads share one by reference, and what a thread asks of itself
 * needs no lock. As on Linux credentials are a thread's; the C libraries keep the threads of a
 * process equal.
 *
 * A thread has two pointers: `real_cred`, counted, is who it is for others, who read it under
 * process_lock; `cred` is what it acts with, for itself alone to read: the same, but while access(2)
 * looks with the real user's eyes. A process has a third: its first thread's, which stays when that has ended.
 */
#pragma once

#include <base/percpu.h>
#include <kernel/caps.h>
#include <kernel/thread.h>
#include <lib/types.h>

struct process;

/* Supplementary groups, in order; shared and never changed. */
struct groups {
    u32 refs;
    u32 count;
    u32 id[];
};

/* Bits of cred->securebits, each followed by the one that locks it. */
#define SECURE_NOROOT               BIT(0)
#define SECURE_NO_SETUID_FIXUP      BIT(2)
#define SECURE_KEEP_CAPS            BIT(4)
#define SECURE_NO_CAP_AMBIENT_RAISE BIT(6)
#define SECURE_ALL_BITS             0x55u
#define SECURE_ALL_LOCKS            (SECURE_ALL_BITS << 1)

/* User or group ids; `fs` is what files are opened with. */
struct cred_ids {
    u32 real, effective, saved, fs;
};

struct cred {
    u32 refs;
    u32 securebits;
    struct cred_ids user, group;
    bool no_new_privs; /* exec gives nothing that one does not have */
    struct caps caps;
    struct groups *groups; /* counted */
};

/* Pid 1's and the kernel's own. Never freed. */
extern struct cred cred_root;

/* The calling thread's. It stays as long as that does not change it. */
static inline const struct cred *current_cred(void)
{
    return current_thread()->cred;
}

/* References. cred_put of the last one frees. Any context. */
struct cred *cred_get(struct cred *cred);
void cred_put(struct cred *cred);

/* --- changing one's own --- */

/* A copy of the calling thread's with one reference, to be changed and then committed or put. NULL: no memory. */
struct cred *cred_copy(void);

/*
 * Puts `cred`, whose reference it takes over, in the place of the calling thread's. Who becomes somebody else,
 * or gains something, can no more be looked into by his like (process->undumpable), and gets no
 * signal when his parent ends. Takes process_lock.
 */
void cred_commit(struct cred *cred);

/*
 * The calling thread acts with `cred`, borrowed, until cred_restore(). For others it stays who it is. Not
 * nested, and without a system call's end between.
 */
void cred_act_with(struct cred *cred);
void cred_restore(void);

/*
 * The credentials that access(2) looks with, where they are not the caller's own: with one reference.
 * NULL: as they are; ERR_PTR(-ENOMEM).
 */
struct cred *cred_of_real_user(void);

/*
 * setuid(2) and its kin, and the same for groups; ~0u where -1 means "as it is". The rules for
 * capabilities are in cred_ids.c. -EPERM, -EINVAL, -ENOMEM; the last one returns the id before the call.
 */
enum cred_kind { CRED_USER, CRED_GROUP };
int cred_set(enum cred_kind kind, u32 id);
int cred_set_re(enum cred_kind kind, u32 real, u32 effective);
int cred_set_res(enum cred_kind kind, u32 real, u32 effective, u32 saved);
u32 cred_set_fs(enum cred_kind kind, u32 id);

/* Gives the calling thread `groups`, whose reference it takes over, and puts them in order. -ENOMEM. */
int cred_set_groups(struct groups *groups);

/* --- groups (kernel/groups.c) --- */

/* Room for `count` groups, one reference, for the caller to fill in. NULL: no memory. */
struct groups *groups_make(u32 count);
void groups_put(struct groups *groups);
void groups_sort(struct groups *groups);

/* Whether the group is the one that files are opened with, or a supplementary one. */
bool cred_in_group(const struct cred *cred, u32 gid);

/* --- exec --- */

/* What a program's file says of who runs it. */
struct cred_file {
    u32 mode; /* 0 if set-id bits are not to be looked at */
    u32 uid, gid;
};

/*
 * Who the calling thread is once it runs the program. *secure: has it gained anything? The C library is
 * told then (AT_SECURE). One reference; NULL: no memory. The caller commits it at the point of no return.
 */
struct cred *cred_for_exec(const struct cred_file *file, bool *secure);

/* --- others (kernel/permit.c) --- */

/* A counted reference to who a process is, or its thread `tid` if that is not 0. Takes process_lock. */
struct cred *cred_of_process(struct process *p, int tid);

/*
 * Whether the calling thread may send that signal to a process or to a thread of it (t not NULL): -EPERM.
 * SIGCONT may go to the own session. Under process_lock.
 */
int permit_signal(struct process *p, const struct thread *t, int sig);

/* Whether it may send any signal to anybody, which needs no lock to see. */
bool permit_any_signal(void);

/* Whether it may change how that thread is scheduled: -EPERM. Under process_lock. */
int permit_schedule(const struct thread *t);

/* Whether it may look into a process, as ptrace(2) says of PTRACE_MODE_READ_FSCREDS. -EPERM. Takes process_lock. */
int permit_look(struct process *p);
