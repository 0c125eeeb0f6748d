/* SPDX-License-Identifier: BSD-2-Clause */
/* eventfd(2): a counter that one waits for. */
#pragma once

#include <lib/types.h>

/* A new one that starts at `count`; flags EFD_*. The descriptor, or -EINVAL, -ENOMEM, -EMFILE. May sleep. */
int eventfd_create(u32 count, unsigned flags);
