/* SPDX-License-Identifier: BSD-2-Clause */
/* signalfd: pending signals, read from a file. */
#pragma once

#include <kernel/sigset.h>

struct file;

/* signalfd4(2) without a descriptor: a new one; or -EINVAL, -ENOMEM, -EMFILE. */
int signalfd_create(sigset_mask set, unsigned flags);

/* Gives an open one another set. -EINVAL: it is no signalfd. */
int signalfd_change(struct file *file, sigset_mask set);
