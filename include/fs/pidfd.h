/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pidfd: a process as a file. It becomes readable when the process has ended. The file keeps the struct, not the
 * process: nobody else can get its pid while one holds it and means it.
 */
#pragma once

struct file;
struct process;

/* pidfd_open(2): the descriptor, or -EINVAL (flags, pid, a thread that does not lead), -ESRCH, -ENOMEM, -EMFILE. */
int pidfd_open(int pid, unsigned flags);

/* One for a process that is going to be born, and then who that is (referenced by this). NULL: no memory. */
struct file *pidfd_make(void);
void pidfd_set(struct file *file, struct process *p);

/* Whose file it is, borrowed; NULL: it is no pidfd. */
struct process *pidfd_process(const struct file *file);
