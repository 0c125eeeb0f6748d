/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host machine on which fs/ runs: mm_machine, one process with one thread (the test), a clock,
 * and user memory that is an array of the test. Test programs add the sources of mm_machine and
 *   sources: tests/host/fs_machine.c tests/host/no_sleep.c
 */
#pragma once

#include <lib/types.h>

struct cred;
struct process;

/* User addresses are [FS_USER, FS_USER + FS_USER_SIZE): any other is -EFAULT. */
#define FS_USER      0x10000ul
#define FS_USER_SIZE (1ul << 18)
extern u8 fs_user[FS_USER_SIZE];

/* Boots with `size` bytes of RAM and a current process without parts. */
void fs_machine_boot(size_t size);

/* The current thread is that user, in that group and no other, with those capabilities; at first root with all. */
void fs_machine_become(u32 user, u32 group, u64 caps);
extern struct cred fs_cred;

/* Gives the current process descriptors and a place in the tree, as pid 1 gets them. */
void fs_machine_adopt(void);
/* Takes them away again. */
void fs_machine_forget(void);

/* Objects handed out by all slab caches: a leak of one shows. */
u64 fs_machine_objects(void);

extern struct process fs_process;
extern u64 fs_clock; /* ns */
extern int fs_last_signal;
