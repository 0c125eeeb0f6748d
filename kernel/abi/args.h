/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments that many calls share: paths, descriptors with a path, times, vectors, signal sets. */
#pragma once

#include <abi/linux/time.h>
#include <fs/iobuf.h>
#include <kernel/sigset.h>
#include <lib/types.h>

struct dentry;
struct file;

/* --- paths --- */

#define PATH_SMALL 128

/*
 * A path in kernel memory. Short ones, nearly all, lie in the struct itself; longer ones in a page.
 * args_path() reads it: 0, -EFAULT, -ENAMETOOLONG, -ENOMEM. args_path_put() afterwards if it was 0.
 */
struct args_path {
    char *text;
    char small[PATH_SMALL];
};
int args_path(struct args_path *path, vaddr_t addr);

void args_path_put(struct args_path *path);

/* A directory and a path relative to it, as the *at calls take them; `at` is referenced. */
struct args_at {
    struct dentry *at;
    struct args_path path;
};
int args_at(struct args_at *arg, int dirfd, vaddr_t path);
void args_at_put(struct args_at *arg);

/*
 * What (dirfd, path, AT_* flags) names, referenced. Without AT_SYMLINK_NOFOLLOW links are followed.
 * The caller has checked the flags.
 */
int args_lookup(int dirfd, vaddr_t path, unsigned at_flags, struct dentry **out);

/* --- times --- */

/* A timespec as nanoseconds: -EFAULT; -EINVAL when negative or not normal. Too long is TIME_NEVER. */
int args_timespec(vaddr_t addr, u64 *ns);
int args_put_timespec(vaddr_t addr, u64 ns);

/* An itimerspec likewise. */
int args_itimerspec(vaddr_t addr, u64 *value, u64 *interval);
int args_put_itimerspec(vaddr_t addr, u64 value, u64 interval);

struct linux_timeval args_timeval_of(u64 ns);
/* -EINVAL when negative or not normal. */
int args_timeval_ns(const struct linux_timeval *tv, u64 *ns);

/* now + ns, or never when that is beyond the end of time. */
u64 args_deadline(u64 ns);

/* An absolute time since boot as a deadline; one beyond all counting is for ever. */
u64 args_absolute_deadline(u64 ns);

/* --- vectors of buffers --- */

#define VECTOR_SMALL 8

/* An iovec array in kernel memory, with its iobuf. args_vector(): 0, -EFAULT, -EINVAL, -ENOMEM. */
struct args_vector {
    struct linux_iovec *segments;
    struct iobuf iob;
    struct linux_iovec small[VECTOR_SMALL];
};
int args_vector(struct args_vector *vector, vaddr_t addr, u64 count);
void args_vector_put(struct args_vector *vector);

/* --- signal sets --- */

/* A set whose size the caller was told: -EINVAL unless 8 bytes; -EFAULT. */
int args_sigset(vaddr_t addr, size_t size, sigset_mask *set);
