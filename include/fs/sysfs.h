/* SPDX-License-Identifier: BSD-2-Clause */
/* /sys, as far as programs look for it. */
#pragma once

/* Registers the file system type "sysfs" and its files. At start-up, when cpus have numbers. */
void sysfs_init(void);
