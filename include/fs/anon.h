/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files that no file system holds: what eventfd, epoll, timerfd, signalfd and pidfd return. All of a kind
 * share one inode, which is there for fstat and the name that /proc/<pid>/fd shows, and lives for ever.
 */
#pragma once

#include <fs/file.h>
#include <fs/inode.h>

/* A kind of such files; ANON_KIND_INIT fills it in. */
struct anon_kind {
    const char *name; /* as "anon_inode:NAME" */
    const struct file_ops *ops;
    struct inode inode;
};

extern struct super anon_super;
extern const struct inode_ops anon_inode_ops;
extern const struct file_ops anon_unopenable;

#define ANON_KIND_INIT(kind, label, file_operations)          \
    {                                                         \
        .name = (label), .ops = (file_operations), .inode = { \
            .super = &anon_super,                             \
            .ops = &anon_inode_ops,                           \
            .file_ops = &anon_unopenable,                     \
            .mode = 0600,                                     \
            .nlink = 1,                                       \
            .refs = 1,                                        \
            .private = &(kind),                               \
            .lock = MUTEX_INIT((kind).inode.lock, "inode"),   \
        }                                                     \
    }

/*
 * Opens a file of the kind with `private` and installs it at the lowest free descriptor. flags: O_CLOEXEC for the
 * descriptor, the others for the file (O_RDWR, O_NONBLOCK). The descriptor; -ENOMEM, -EMFILE: then `private` is
 * still the caller's and ops->release has not been called.
 */
int anon_install(struct anon_kind *kind, void *private, unsigned flags);

/* The file alone, not installed. NULL: no memory. */
struct file *anon_file(struct anon_kind *kind, void *private, unsigned flags);

/* What /proc/<pid>/fd shows of a file without a name of such a kind, or NULL: it is none. */
const char *anon_name(const struct file *file);
