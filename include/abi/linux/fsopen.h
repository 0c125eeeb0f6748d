/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: flags and commands of fsopen and its relatives. */
#ifndef ABI_LINUX_FSOPEN_H
#define ABI_LINUX_FSOPEN_H

#include <abi/linux/fcntl.h>

#define FSOPEN_CLOEXEC 1u

#define FSPICK_CLOEXEC          1u
#define FSPICK_SYMLINK_NOFOLLOW 2u
#define FSPICK_NO_AUTOMOUNT     4u
#define FSPICK_EMPTY_PATH       8u

#define FSCONFIG_SET_FLAG        0u
#define FSCONFIG_SET_STRING      1u
#define FSCONFIG_SET_BINARY      2u
#define FSCONFIG_SET_PATH        3u
#define FSCONFIG_SET_PATH_EMPTY  4u
#define FSCONFIG_SET_FD          5u
#define FSCONFIG_CMD_CREATE      6u
#define FSCONFIG_CMD_RECONFIGURE 7u

#define FSMOUNT_CLOEXEC 1u

#define MOUNT_ATTR_RDONLY     0x01u
#define MOUNT_ATTR_NOSUID     0x02u
#define MOUNT_ATTR_NODEV      0x04u
#define MOUNT_ATTR_NOEXEC     0x08u
#define MOUNT_ATTR_ATIME_MASK 0x70u /* one of relatime (0), noatime and strictatime */
#define MOUNT_ATTR_NODIRATIME 0x80u

#define MOVE_MOUNT_F_SYMLINKS   0x01u
#define MOVE_MOUNT_F_AUTOMOUNTS 0x02u
#define MOVE_MOUNT_F_EMPTY_PATH 0x04u
#define MOVE_MOUNT_T_SYMLINKS   0x10u
#define MOVE_MOUNT_T_AUTOMOUNTS 0x20u
#define MOVE_MOUNT_T_EMPTY_PATH 0x40u

#define OPEN_TREE_CLOEXEC O_CLOEXEC

#endif
