/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making names: the step that open, mkdir, mknod and symlink share, and the initramfs uses.
 */
#pragma once

#include <fs/path.h>

/*
 * Makes an inode of `mode` (type and permissions, umask applied already) with the name that
 * path_last() found free. *out is the new dentry, referenced; out may be NULL. -EEXIST: somebody
 * was faster; -EROFS, -EPERM (nothing can be made in this file system), -ENOMEM, -ENOSPC.
 */
int name_make(struct path_last *last, u32 mode, u32 rdev, const char *target, struct dentry **out);
