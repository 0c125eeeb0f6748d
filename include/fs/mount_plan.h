/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems that are put together step by step (fsopen, fsconfig, fspick): an open file collects options, then
 * makes the file system or changes one that is mounted. Functions that take a file want one of these:
 * -EINVAL for others; -EBUSY when it is not in the state for that. All may sleep.
 */
#pragma once

#include <lib/types.h>

struct dentry;
struct file;
struct fs_type;
struct super;

/* A descriptor for a new file system of the type, or for one that there is. flags: O_CLOEXEC. -ENOMEM, -EMFILE. */
int mount_plan_open(const struct fs_type *type, unsigned flags);
int mount_plan_pick(struct super *super, unsigned flags);

/* Sets an option, or "source"; value NULL: it comes without one. -EINVAL as fs_config_set(). */
int mount_plan_set(struct file *file, const char *key, const char *value);

/* The same for a value that is no text (a blob, a path, a descriptor): no file system has such options. */
int mount_plan_refuse(struct file *file);

/* Makes the file system; after a failure the plan is good for nothing. Or changes the one that was picked. */
int mount_plan_make(struct file *file);
int mount_plan_change(struct file *file);

/*
 * fsmount, with MOUNT_* attributes: an open file (O_PATH) on the root of what was made, which is mounted nowhere yet and goes with the last
 * reference to the file; ERR_PTR. mount_plan_attach mounts it (move_mount), once: -EINVAL for other files.
 */
struct file *mount_plan_mount(struct file *file, u32 attributes);
int mount_plan_attach(struct file *file, struct dentry *dir);
