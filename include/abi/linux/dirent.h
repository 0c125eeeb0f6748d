/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: directory entries of getdents64. */
#ifndef ABI_LINUX_DIRENT_H
#define ABI_LINUX_DIRENT_H

#include <lib/types.h>

/* Records follow each other, each padded to 8 bytes; d_reclen counts the padding. */
struct linux_dirent64 {
    u64 d_ino;
    s64 d_off;
    u16 d_reclen;
    u8 d_type;
    char d_name[];
};
static_assert(offsetof(struct linux_dirent64, d_name) == 19, "struct dirent64");

#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12

#endif
