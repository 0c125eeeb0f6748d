/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: file types and modes, stat and statx. */
#ifndef ABI_LINUX_STAT_H
#define ABI_LINUX_STAT_H

#include <lib/types.h>

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFLNK  0120000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000
#define S_IFCHR  0020000
#define S_IFIFO  0010000
#define S_ISUID  0004000
#define S_ISGID  0002000
#define S_ISVTX  0001000
#define S_IRWXU  0000700
#define S_IRWXG  0000070
#define S_IRWXO  0000007
#define S_IRUSR  0000400
#define S_IWUSR  0000200
#define S_IXUSR  0000100

#define S_ISLNK(mode)  (((mode)&S_IFMT) == S_IFLNK)
#define S_ISREG(mode)  (((mode)&S_IFMT) == S_IFREG)
#define S_ISDIR(mode)  (((mode)&S_IFMT) == S_IFDIR)
#define S_ISCHR(mode)  (((mode)&S_IFMT) == S_IFCHR)
#define S_ISBLK(mode)  (((mode)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(mode) (((mode)&S_IFMT) == S_IFIFO)
#define S_ISSOCK(mode) (((mode)&S_IFMT) == S_IFSOCK)

struct linux_stat {
    u64 st_dev;
    u64 st_ino;
    u32 st_mode;
    u32 st_nlink;
    u32 st_uid;
    u32 st_gid;
    u64 st_rdev;
    u64 st_pad1;
    s64 st_size;
    s32 st_blksize;
    s32 st_pad2;
    s64 st_blocks; /* of 512 bytes */
    s64 st_atime;
    u64 st_atime_nsec;
    s64 st_mtime;
    u64 st_mtime_nsec;
    s64 st_ctime;
    u64 st_ctime_nsec;
    u32 st_unused[2];
};
static_assert(sizeof(struct linux_stat) == 128, "struct stat");
static_assert(offsetof(struct linux_stat, st_size) == 48, "st_size");
static_assert(offsetof(struct linux_stat, st_ctime) == 104, "st_ctime");

struct linux_statx_timestamp {
    s64 tv_sec;
    u32 tv_nsec;
    s32 pad;
};

struct linux_statx {
    u32 stx_mask;
    u32 stx_blksize;
    u64 stx_attributes;
    u32 stx_nlink;
    u32 stx_uid;
    u32 stx_gid;
    u16 stx_mode;
    u16 stx_pad0;
    u64 stx_ino;
    u64 stx_size;
    u64 stx_blocks;
    u64 stx_attributes_mask;
    struct linux_statx_timestamp stx_atime;
    struct linux_statx_timestamp stx_btime;
    struct linux_statx_timestamp stx_ctime;
    struct linux_statx_timestamp stx_mtime;
    u32 stx_rdev_major;
    u32 stx_rdev_minor;
    u32 stx_dev_major;
    u32 stx_dev_minor;
    u64 stx_mnt_id;
    u64 stx_spare[13];
};
static_assert(sizeof(struct linux_statx) == 256, "struct statx");
static_assert(offsetof(struct linux_statx, stx_ino) == 32, "stx_ino");
static_assert(offsetof(struct linux_statx, stx_rdev_major) == 128, "stx_rdev_major");

#define STATX_BASIC_STATS 0x7ffu
#define STATX_MNT_ID      0x1000u
#define STATX_RESERVED    0x80000000u

#endif
