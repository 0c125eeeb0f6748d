/* SPDX-License-Identifier: BSD-2-Clause */
/* The program file of each process (see include/fs/exe.h). */
#include <fs/exe.h>

#include <base/spinlock.h>
#include <kernel/process.h>

static struct spinlock exe_lock = SPINLOCK_INIT("exe");

/* Puts `file` (may be NULL), whose reference it takes over, into the part. */
static void replace(struct process *p, struct file *file)
{
    irqflags_t flags = spin_lock(&exe_lock);
    struct file *old = p->part[PROC_PART_EXE];

    p->part[PROC_PART_EXE] = file;
    spin_unlock(&exe_lock, flags);
    if (old)
        file_put(old);
}

void exe_set(struct file *file)
{
    replace(current_process(), file_get(file));
}

struct file *exe_of(struct process *process)
{
    irqflags_t flags = spin_lock(&exe_lock);
    struct file *file = process->part[PROC_PART_EXE];

    if (file)
        file_get(file);
    spin_unlock(&exe_lock, flags);
    return file;
}

static int fork_exe(struct process *parent, struct process *child, u64 clone_flags)
{
    (void)clone_flags;
    child->part[PROC_PART_EXE] = parent ? exe_of(parent) : NULL;
    return 0;
}

static void exit_exe(struct process *p)
{
    replace(p, NULL);
}

const struct proc_part exe_part = {.name = "exe", .fork = fork_exe, .exit = exit_exe};
