/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: vectors of buffers. */
#ifndef ABI_LINUX_UIO_H
#define ABI_LINUX_UIO_H

#include <lib/types.h>

struct linux_iovec {
    u64 iov_base;
    u64 iov_len;
};

#endif
