/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hidepid= of proc's mounts: whose directories a caller may see, and look into. The words and the rules are those of
 * Linux (Documentation/filesystems/proc.rst, "Mount Options"). No locks of its own.
 */
#include <fs/inode.h>
#include <fs/proc_pid.h>
#include <kernel/cred.h>

/* `from`: the least value of the option that asks for a right to look. */
static bool may(const struct super *super, struct process *p, enum fs_hidepid from)
{
    u64 hidepid = fs_config_get(&super->config, FS_OPTION_HIDEPID, HIDEPID_OFF);
    u32 gid = (u32)fs_config_get(&super->config, FS_OPTION_GID, 0);

    if (hidepid < from)
        return true;
    if (hidepid != HIDEPID_PTRACEABLE && cred_in_group(current_cred(), gid))
        return true;
    return permit_look(p) == 0;
}

bool proc_pid_shown(const struct super *super, struct process *p)
{
    return may(super, p, HIDEPID_INVISIBLE);
}

bool proc_pid_open(const struct super *super, struct process *p)
{
    return may(super, p, HIDEPID_NOACCESS);
}
