/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capabilities, as capabilities(7) has them but for those of files: what a thread may do beyond what
 * its user and groups allow.
 *
 * They are part of a thread's credentials (<kernel/cred.h>): root has them all at first, a program can
 * give them up, and who leaves user 0 for good loses them (kernel/cred_ids.c). exec gives root back all
 * that the bounding set still holds, anybody else what is ambient (kernel/cred_exec.c).
 */
#pragma once

#include <lib/types.h>

struct cred;
struct process;

/* The capabilities that something here asks for; numbers of Linux. */
#define CAP_CHOWN              0
#define CAP_DAC_OVERRIDE       1
#define CAP_DAC_READ_SEARCH    2
#define CAP_FOWNER             3
#define CAP_FSETID             4
#define CAP_KILL               5
#define CAP_SETGID             6
#define CAP_SETUID             7
#define CAP_SETPCAP            8
#define CAP_LINUX_IMMUTABLE    9
#define CAP_IPC_LOCK           14
#define CAP_IPC_OWNER          15
#define CAP_SYS_CHROOT         18
#define CAP_SYS_PTRACE         19
#define CAP_SYS_ADMIN          21
#define CAP_SYS_BOOT           22
#define CAP_SYS_NICE           23
#define CAP_SYS_RESOURCE       24
#define CAP_SYS_TIME           25
#define CAP_MKNOD              27
#define CAP_MAC_OVERRIDE       32
#define CAP_SYSLOG             34
#define CAP_CHECKPOINT_RESTORE 40
#define CAP_LAST               40

#define CAPS_ALL ((2ul << CAP_LAST) - 1)

struct caps {
    u64 effective, permitted, inheritable;
    u64 bounding; /* what exec can bring back */
    u64 ambient;  /* what exec keeps for others than root */
};

static inline bool caps_has(u64 set, unsigned cap)
{
    return set >> cap & 1;
}

/* Whether the current thread may do what the capability stands for. */
bool caps_have(unsigned cap);

/*
 * As capset(2), for the current thread; `bounding` and `ambient` are not looked at. The caller then has
 * the limits of memory looked at again (rlimit_apply). -EPERM: more than was permitted; -ENOMEM.
 */
int caps_set(const struct caps *caps);

/* As prctl(PR_CAPBSET_DROP). -EINVAL: no such capability; -EPERM; -ENOMEM. */
int caps_drop_bounding(unsigned cap);

/*
 * As prctl(PR_CAP_AMBIENT): whether one is ambient; makes one ambient or not (-EPERM unless it is
 * permitted, inheritable, and not forbidden by securebits); makes none ambient. -EINVAL, -ENOMEM.
 */
int caps_is_ambient(unsigned cap);
int caps_set_ambient(unsigned cap, bool raise);
int caps_clear_ambient(void);

/* As prctl(PR_SET_SECUREBITS, PR_SET_KEEPCAPS). -EPERM, -EINVAL, -ENOMEM. */
int caps_set_securebits(u64 bits);
int caps_set_keep(u64 keep);
