/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: what the three kinds of System V IPC share, and shared memory. */
#ifndef ABI_LINUX_IPC_H
#define ABI_LINUX_IPC_H

#include <lib/types.h>

#define IPC_PRIVATE 0

/* Flags of the *get calls, beside the permissions. */
#define IPC_CREAT  01000
#define IPC_EXCL   02000
#define IPC_NOWAIT 04000

/* Commands of the *ctl calls. */
#define IPC_RMID     0
#define IPC_SET      1
#define IPC_STAT     2
#define IPC_INFO     3
#define SHM_LOCK     11
#define SHM_UNLOCK   12
#define SHM_STAT     13
#define SHM_INFO     14
#define SHM_STAT_ANY 15

struct linux_ipc_perm {
    s32 key;
    u32 uid, gid;
    u32 cuid, cgid;
    u32 mode;
    u16 seq;
    u16 pad;
    u32 pad2; /* by name, for it goes to programs: what has no name need not be zero */
    u64 unused[2];
};
static_assert(sizeof(struct linux_ipc_perm) == 48, "struct ipc64_perm");

/* In the mode that IPC_STAT shows. */
#define SHM_DEST   01000
#define SHM_LOCKED 02000

/* Flags of shmget. */
#define SHM_HUGETLB   04000
#define SHM_NORESERVE 010000

/* Flags of shmat. */
#define SHM_RDONLY 010000
#define SHM_RND    020000
#define SHM_REMAP  040000
#define SHM_EXEC   0100000

struct linux_shmid_ds {
    struct linux_ipc_perm shm_perm;
    u64 shm_segsz;
    s64 shm_atime, shm_dtime, shm_ctime;
    s32 shm_cpid, shm_lpid;
    u64 shm_nattch;
    u64 unused[2];
};
static_assert(sizeof(struct linux_shmid_ds) == 112, "struct shmid64_ds");

/* IPC_INFO */
struct linux_shminfo {
    u64 shmmax, shmmin, shmmni, shmseg, shmall;
    u64 unused[4];
};

/* SHM_INFO */
struct linux_shm_info {
    s32 used_ids;
    s32 pad;
    u64 shm_tot, shm_rss, shm_swp;
    u64 swap_attempts, swap_successes;
};

#endif
