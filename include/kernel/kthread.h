/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel threads: code of the kernel that runs beside everything else and belongs to no process. */
#pragma once

#include <kernel/thread.h>

/*
 * Creates and starts a kernel thread that runs fn(arg) and ends when that returns. `cpu` binds
 * it to one cpu, -1 lets the scheduler choose. ERR_PTR(-ENOMEM), or -EINVAL for a cpu that is
 * not online. The pointer is good for as long as the caller knows that fn has not returned.
 */
struct thread *thread_create_kernel(const char *name, void (*fn)(void *arg), void *arg, int cpu);

/* Ends the calling kernel thread. */
__noreturn void thread_exit(void);
