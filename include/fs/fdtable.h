/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables: a thread's array of open files, mostly shared with the other threads of its process. Part
 * THREAD_PART_FILES; a table's users are threads.
 *
 * Everything here works on the current thread's table unless a process is given. The table's
 * spinlock guards it; it is taken before nothing and around nothing that sleeps.
 *
 * Why fd_get() may do without a reference: a table with one user is changed by its one thread
 * alone, and that thread is inside this very system call; it cannot close the descriptor until
 * the call is over, and nobody else can. Other processes that look (/proc/<pid>/fd) take
 * references of their own and change nothing. A call that makes a second user (clone) holds no
 * descriptor. With two users, fd_get() takes the lock and a reference.
 */
#pragma once

#include <base/atomic.h>
#include <fs/file.h>
#include <kernel/process.h>
#include <lib/types.h>

/* For start-up: registered as PROC_PART_FILES. */
extern const struct proc_part fdtable_part;

/* Descriptors of a process at most, whatever RLIMIT_NOFILE says. */
#define FD_LIMIT (1u << 20)

/* The current thread's table, as the owner of record locks (see <fs/reclock.h>). */
static inline const void *fd_owner(void)
{
    return current_thread()->part[THREAD_PART_FILES];
}

/* A borrowed file: file is NULL for a bad descriptor (-EBADF). Give it back with fd_put(). */
struct fd_ref {
    struct file *file;
    bool counted;
};

/* What fd_get() looks at; the rest of a table is fs/fdtable.c's. */
struct fd_array {
    u32 users;
    u32 size;
    struct file **files;
};

/* The general case: takes a reference. */
struct fd_ref fd_get_counted(u32 fd);

static inline struct fd_ref fd_get(int fd)
{
    const struct fd_array *a = current_thread()->part[THREAD_PART_FILES];

    if (unlikely(atomic_load_relaxed(&a->users) != 1))
        return fd_get_counted((u32)fd);
    atomic_acquire_fence(); /* behind what the others did before they went */
    return (struct fd_ref){.file = likely((u32)fd < a->size) ? a->files[fd] : NULL};
}

static inline void fd_put(struct fd_ref ref)
{
    if (ref.counted)
        file_put(ref.file);
}

/* As fd_get, with a reference of its own always (to keep it beyond the call). NULL: -EBADF. */
struct file *fd_get_file(int fd);

/*
 * For *at calls: the directory behind `dirfd`, referenced; *out = NULL for AT_FDCWD. -EBADF.
 * Whether it is a directory shows when the path is walked; with an empty path it need not be.
 */
int fd_get_at(int dirfd, struct dentry **out);

/*
 * The lowest free descriptor >= min. fd_reserve books it (until fd_fill or fd_cancel it reads as
 * closed), fd_install books and fills. flags: O_CLOEXEC or 0. fd_fill and a successful
 * fd_install take over the caller's reference. -EMFILE (RLIMIT_NOFILE), -ENOMEM, -EINVAL (min).
 */
int fd_reserve(int min, unsigned flags);
void fd_fill(int fd, struct file *file);
void fd_cancel(int fd);
int fd_install(struct file *file, int min, unsigned flags);

/* close(2): -EBADF. */
int fd_close(int fd);
/* close_range(2), [first, last]; with `cloexec` it only marks. */
int fd_close_range(unsigned first, unsigned last, bool cloexec);

/* fcntl(F_DUPFD*), dup(2): a descriptor >= min of the same file. */
int fd_dup(int fd, int min, unsigned flags);
/* dup3(2): old and new differ (the caller checks). -EBADF, -EBUSY (being opened). */
int fd_dup_to(int fd, int to, unsigned flags);

/* FD_CLOEXEC. -EBADF. */
int fd_get_cloexec(int fd);
int fd_set_cloexec(int fd, bool on);

/*
 * For /proc: the first open descriptor >= from of a thread (tid 0: as process_thread_or_any) of any process, with a
 * reference; -1: none. Takes process_lock.
 */
int fd_next_of(struct process *process, int tid, int from, struct file **file);
