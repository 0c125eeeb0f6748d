/* SPDX-License-Identifier: BSD-2-Clause */
/* unshare and setns: what a process has to itself, and which namespaces it is in. */
#include "syscall.h"

#include <abi/linux/sched.h>
#include <fs/fdtable.h>
#include <fs/nsfs.h>
#include <fs/pidfd.h>
#include <kernel/namespace.h>
#include <kernel/process.h>

static bool has_threads(void)
{
    return READ_ONCE(current_process()->thread_count) > 1;
}

/* --- unshare --- */

/* What a new namespace brings along: who has mounts of its own names its paths alone. */
static u64 implied(u64 flags)
{
    return (flags & CLONE_NEWNS ? CLONE_FS : 0) | (flags & CLONE_NEWPID ? CLONE_THREAD : 0) |
           (flags & CLONE_NEWIPC ? CLONE_SYSVSEM : 0);
}

/* Namespaces belong to the process: one of several threads cannot leave them. */
SYSCALL1(unshare, u64, flags)
{
    const u64 alone = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | ns_flags();
    int err = 0;

    if (flags & ~(alone | CLONE_FILES | CLONE_FS | CLONE_SYSVSEM))
        return -EINVAL;
    if (flags & alone && has_threads())
        return -EINVAL;
    flags |= implied(flags);
    if (flags & CLONE_FILES)
        err = proc_part_unshare(PROC_PART_FILES);
    if (!err && flags & CLONE_FS)
        err = proc_part_unshare(PROC_PART_FS);
    return err ? err : namespaces_unshare(flags);
}

/* --- setns --- */

/* The namespaces that a call enters, each with a reference. */
struct wanted {
    struct ns *ns[NS_TYPES];
};

/* One by its file: `flags` says of which kind it must be, or 0. */
static int want_one(struct wanted *wanted, struct ns *ns, u64 flags)
{
    if (flags && flags != ns_flag(ns->type))
        return -EINVAL;
    wanted->ns[ns->type] = ns_get(ns);
    return 0;
}

/* Those of a process, by its pidfd. */
static int want_of(struct wanted *wanted, struct process *p, u64 flags)
{
    if (!flags || flags & ~ns_flags())
        return -EINVAL;
    for (unsigned type = 0; type < NS_TYPES; type++) {
        if (!(flags & ns_flag(type)))
            continue;
        wanted->ns[type] = process_ns(p, type);
        if (!wanted->ns[type])
            return -ESRCH;
    }
    return 0;
}

static int find_wanted(struct wanted *wanted, const struct file *file, u64 flags)
{
    if (nsfs_ns_of_file(file))
        return want_one(wanted, nsfs_ns_of_file(file), flags);
    if (pidfd_process(file))
        return want_of(wanted, pidfd_process(file), flags);
    return -EINVAL;
}

SYSCALL2(setns, int, fd, u32, flags)
{
    struct wanted wanted = {{NULL}};
    struct fd_ref ref = fd_get(fd);
    int err = ref.file ? find_wanted(&wanted, ref.file, flags) : -EBADF;

    fd_put(ref);
    if (!err && has_threads())
        err = -EINVAL;
    if (!err)
        err = namespaces_enter(wanted.ns);
    for (unsigned type = 0; type < NS_TYPES; type++)
        ns_put(wanted.ns[type]);
    return err;
}
