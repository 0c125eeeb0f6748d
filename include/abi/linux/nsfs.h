/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: what can be asked of the files in /proc/PID/ns. */
#ifndef ABI_LINUX_NSFS_H
#define ABI_LINUX_NSFS_H

#define NS_GET_USERNS    0xb701u
#define NS_GET_PARENT    0xb702u
#define NS_GET_NSTYPE    0xb703u
#define NS_GET_OWNER_UID 0xb704u

#endif
