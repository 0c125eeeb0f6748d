/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/lockorder of DEBUG=1 builds: which kind of lock has been taken while which other was held, since
 * start-up. The tests compare it with docs/locks.md.
 */
#include <base/lock_check.h>

#if LOCK_CHECK
#include <base/init.h>
#include <fs/procfs.h>

static int show_lockorder(struct seq *seq)
{
    lock_check_print(&seq->sink);
    return 0;
}

static void proc_locks_init(void)
{
    static struct proc_file file = {.path = "lockorder", .mode = 0400, .show = show_lockorder};

    procfs_add(&file);
}
INITCALL(INIT_FS, proc_locks_init);
#endif
