/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: flags and commands of fsopen, fspick and fsconfig. */
#ifndef ABI_LINUX_FSOPEN_H
#define ABI_LINUX_FSOPEN_H

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

#endif
