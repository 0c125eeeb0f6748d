/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Record locks: advisory locks on ranges of a file's bytes, fcntl(F_SETLK) and its relatives.
 *
 * A lock belongs to an owner, which is an address and never looked into: the table of descriptors
 * (F_SETLK: what POSIX calls a process) or the open file (F_OFD_SETLK). An owner's locks on a file
 * do not overlap: a new one replaces what it covers. Those of a table go when the table closes any
 * descriptor of the file, those of an open file with the last reference.
 */
#pragma once

#include <base/atomic.h>
#include <fs/inode.h>
#include <lib/types.h>

/* To the end of the file, however long it becomes. */
#define RECLOCK_EOF (~0ull >> 1)

struct reclock {
    const void *owner;
    u64 first, last; /* bytes; last >= first */
    s32 pid;         /* what F_GETLK says of it: the process, -1 for an open file's */
    bool exclusive;
};

enum reclock_wait {
    RECLOCK_TRY,
    RECLOCK_WAIT,
    RECLOCK_WAIT_CHECKED, /* -EDEADLK rather than waiting for somebody who waits for us */
};

/*
 * Locks as asked. -EAGAIN: another owner's lock is in the way (TRY); -EDEADLK; -ERESTARTSYS: a
 * signal; -ENOLCK: no memory. May sleep. No locks held.
 */
int reclock_set(struct inode *inode, const struct reclock *want, enum reclock_wait wait);

/* Unlocks the bytes [first, last] of what `owner` has locked. -ENOLCK: no memory to split a lock. */
int reclock_clear(struct inode *inode, const void *owner, u64 first, u64 last);

/* The lock that stands in the way of `want`, in *found; false: none. */
bool reclock_find(struct inode *inode, const struct reclock *want, struct reclock *found);

/* An owner lets go of all it has on a file. */
void reclock_drop_all(struct inode *inode, const void *owner);

/* For each descriptor that is closed: costs one load for files that nobody ever locked so. */
static inline void reclock_drop(struct inode *inode, const void *owner)
{
    if (unlikely(READ_ONCE(inode->record_locked)))
        reclock_drop_all(inode, owner);
}
