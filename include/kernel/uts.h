/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine is called, and which Linux programs take it for: uname(2), /proc/sys/kernel. */
#pragma once

#include <abi/linux/utsname.h>

/*
 * Programs ask which Linux they run on, and C libraries refuse old ones: this is the version whose
 * system calls the table follows.
 */
#define UTS_RELEASE "6.12.0-quire"

enum uts_name { UTS_HOST, UTS_DOMAIN, UTS_NAMES };

/* All of them as the current process sees them now. Any context. */
void uts_get(struct linux_utsname *out);

/*
 * Changes one that can be changed, for the UTS namespace of the current process. `name` is terminated and
 * at most UTS_LEN long: else -EINVAL. -EPERM without CAP_SYS_ADMIN.
 */
int uts_set(enum uts_name which, const char *name);
