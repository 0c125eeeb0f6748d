/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V shared memory segments: for kernel/abi/sys_shm.c and /proc/sysvipc/shm.
 *
 * Errors are those of the system calls. Everything takes its lock itself and may sleep but where it says not.
 * `want` are rights as in a mode, 0444 to read; who has them not, nor CAP_IPC_OWNER, gets -EACCES.
 */
#pragma once

#include <abi/linux/ipc.h>
#include <lib/types.h>

struct pager;

/* Linux's defaults, in bytes, segments, pages. */
#define SHM_MAX_BYTES    (~0ul - (1ul << 24))
#define SHM_MAX_SEGMENTS 4096
#define SHM_MAX_PAGES    (~0ul - (1ul << 24))

/* As shmget(2): the segment's id. -EINVAL, -EEXIST, -EACCES, -ENOENT, -ENOSPC, -ENOMEM. */
int shm_get(int key, u64 size, unsigned flags);

/*
 * The pager of a segment and its size; the caller counts as attached until pager_put(). A segment marked for
 * removal can still be attached while somebody else has it. -EINVAL, -EACCES.
 */
int shm_pager(int id, u32 want, struct pager **pager, u64 *size);

/* Whether a pager is that of a segment. Never sleeps. */
bool shm_owns(const struct pager *pager);

/*
 * IPC_RMID: its key is free; it goes when the last one has left. IPC_SET; SHM_LOCK, SHM_UNLOCK. -EINVAL; -EPERM:
 * neither who made it nor who has it, and without CAP_SYS_ADMIN, for the lock CAP_IPC_LOCK.
 */
int shm_remove(int id);
int shm_set(int id, const struct linux_ipc_perm *perm);
int shm_set_locked(int id, bool locked);

/* IPC_STAT by id; SHM_STAT by index, which returns the id. Pids are as the caller sees them. -EINVAL, -EACCES. */
int shm_stat(int id, struct linux_shmid_ds *out);
int shm_stat_index(int index, u32 want, struct linux_shmid_ds *out);

/* SHM_INFO: sums over all segments. The highest index in use, 0 when there is none. */
int shm_info(struct linux_shm_info *out);

/* For a walk: the segment with the lowest index > after, its id and its bytes in memory. Its index or -1. */
int shm_next(int after, struct linux_shmid_ds *out, int *id, u64 *resident);
