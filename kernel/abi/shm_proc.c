/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/sysvipc/shm: a line for each segment, as ipcs reads it; and the limits, in /proc/sys/kernel. */
#include "shm.h"

#include <base/init.h>
#include <fs/procfs.h>
#include <kernel/init.h>

static void print_line(struct seq *seq, const struct linux_shmid_ds *ds, int id, u64 resident)
{
    const struct linux_ipc_perm *perm = &ds->shm_perm;

    seq_print(seq,
              "%10d %10d  %4o %21lu %5d %5d  %5lu %5u %5u %5u %5u %10ld %10ld %10ld %21lu %21lu\n",
              perm->key, id, perm->mode, ds->shm_segsz, ds->shm_cpid, ds->shm_lpid, ds->shm_nattch,
              perm->uid, perm->gid, perm->cuid, perm->cgid, ds->shm_atime, ds->shm_dtime,
              ds->shm_ctime, resident, 0ul);
}

static int show_shm(struct seq *seq)
{
    struct linux_shmid_ds ds;
    u64 resident;
    int id;

    seq_print(seq,
              "       key      shmid perms                  size  cpid  lpid nattch   uid   gid"
              "  cuid  cgid      atime      dtime      ctime                   rss"
              "                  swap\n");
    for (int at = -1; (at = shm_next(at, &ds, &id, &resident)) >= 0;)
        print_line(seq, &ds, id, resident);
    return 0;
}

static int show_shmmax(struct seq *seq)
{
    seq_print(seq, "%lu\n", SHM_MAX_BYTES);
    return 0;
}

static int show_shmall(struct seq *seq)
{
    seq_print(seq, "%lu\n", SHM_MAX_PAGES);
    return 0;
}

static int show_shmmni(struct seq *seq)
{
    seq_print(seq, "%d\n", SHM_MAX_SEGMENTS);
    return 0;
}

static void shm_proc_init(void)
{
    static struct proc_file files[] = {
        {.path = "sysvipc/shm", .show = show_shm},
        {.path = "sys/kernel/shmmax", .show = show_shmmax},
        {.path = "sys/kernel/shmall", .show = show_shmall},
        {.path = "sys/kernel/shmmni", .show = show_shmmni},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
INITCALL(INIT_FS, shm_proc_init);
