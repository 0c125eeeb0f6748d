/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills the first root from cpio archives (newc), the format of Linux's initramfs.
 */
#pragma once

#include <lib/types.h>

/*
 * Unpacks the archive. Whatever came before an error stays. 0; -EINVAL: not an archive, or broken: the
 * log says what and at which byte (a compressed one is named); -ENOMEM, -ENOSPC. Existing files
 * are replaced. `name` is for messages.
 */
int initramfs_unpack(const void *data, size_t len, const char *name);
