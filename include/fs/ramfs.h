/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The in-memory file system: ramfs, tmpfs, devtmpfs and the first root are all of this kind.
 *
 * Contents are the page cache's frames and nothing else: read, write, mmap and exec share them.
 * Memory is taken page by page as it is written; when little is left the writer gets -ENOSPC.
 */
#pragma once

#include <fs/inode.h>

/* Registers the types "ramfs", "tmpfs" and "devtmpfs". At start-up, before mounting. */
void ramfs_init(void);
