/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No structure that goes to a program has holes: a hole is not set by an initialiser, so it would carry
 * whatever the kernel's stack held before. Padding is spelled out as members, and here the compiler
 * says so if it is not. Directory entries are the exception: sys_dir.c clears behind the name itself.
 */
#include <abi/linux/dirent.h>
#include <lib/types.h>

#pragma GCC diagnostic error "-Wpadded"

#include <abi/linux/fcntl.h>
#include <abi/linux/hwprobe.h>
#include <abi/linux/ioctl.h>
#include <abi/linux/poll.h>
#include <abi/linux/resource.h>
#include <abi/linux/signal.h>
#include <abi/linux/stat.h>
#include <abi/linux/statfs.h>
#include <abi/linux/sysinfo.h>
#include <abi/linux/time.h>
#include <abi/linux/uio.h>
#include <abi/linux/utsname.h>
