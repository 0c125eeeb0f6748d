/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of processes, for start-up. The entry points are in <kernel/process.h>. */
#pragma once

/* Tells the signal code how processes end. Once, before pid 1. */
void exit_init(void);
