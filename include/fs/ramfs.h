/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The in-memory file system: ramfs, tmpfs, devtmpfs and the first root are all of this kind.
 *
 * Contents are the page cache's frames and nothing else: read, write, mmap and exec share them.
 * Memory is taken page by page as it is written; when little is left the writer gets -ENOSPC.
 */
#pragma once

#include <fs/inode.h>

/*
 * A new empty regular file in a file system of this kind, in no directory: mode S_IFREG | permissions, seals
 * F_SEAL_*. `label` is what mappings of it are called (copied). One reference,
 * nlink 0; ERR_PTR(-ENOMEM).
 */
struct inode *ramfs_make_file(struct super *super, u32 mode, const char *label, u32 seals);

/* Gives a super that is mounted nowhere an empty root directory. 0 or -ENOMEM. */
int ramfs_mount_root(struct super *super, u32 mode);

/* Registers the types "ramfs", "tmpfs" and "devtmpfs". At start-up, before mounting. */
void ramfs_init(void);
