/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: what uname returns. */
#ifndef ABI_LINUX_UTSNAME_H
#define ABI_LINUX_UTSNAME_H

#include <lib/types.h>

#define UTS_LEN 64 /* without the NUL */

struct linux_utsname {
    char sysname[UTS_LEN + 1];
    char nodename[UTS_LEN + 1];
    char release[UTS_LEN + 1];
    char version[UTS_LEN + 1];
    char machine[UTS_LEN + 1];
    char domainname[UTS_LEN + 1];
};
static_assert(sizeof(struct linux_utsname) == 390, "struct new_utsname");

#endif
