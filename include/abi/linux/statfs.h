/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: statfs. */
#ifndef ABI_LINUX_STATFS_H
#define ABI_LINUX_STATFS_H

#include <lib/types.h>

struct linux_statfs {
    s64 f_type;
    s64 f_bsize;
    s64 f_blocks;
    s64 f_bfree;
    s64 f_bavail;
    s64 f_files;
    s64 f_ffree;
    s32 f_fsid[2];
    s64 f_namelen;
    s64 f_frsize;
    s64 f_flags;
    s64 f_spare[4];
};
static_assert(sizeof(struct linux_statfs) == 120, "struct statfs");

/* f_flags, besides those of mount(2) */
#define ST_VALID   0x0020
#define ST_NOATIME 0x0400

#define RAMFS_MAGIC         0x858458f6
#define TMPFS_MAGIC         0x01021994
#define PROC_SUPER_MAGIC    0x9fa0
#define PIPEFS_MAGIC        0x50495045
#define SOCKFS_MAGIC        0x534f434b
#define SYSFS_MAGIC         0x62656572
#define ANON_INODE_FS_MAGIC 0x09041934
#define NSFS_MAGIC          0x6e736673

#endif
