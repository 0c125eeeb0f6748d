/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may do what with a file: its mode, its owner and group against the calling thread's credentials
 * (<kernel/cred.h>), by the rules of path_resolution(7) and inode(7). Nothing sleeps, nothing is locked.
 */
#pragma once

#include <abi/linux/fcntl.h>
#include <fs/inode.h>
#include <kernel/cred.h>

/* inode_permission() for those whom the mode does not let through at once. */
int inode_check_mode(const struct inode *inode, unsigned want);

/* Whether the calling thread may search each directory there is. */
static inline bool may_search_all(void)
{
    return current_cred()->caps.effective & (BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH));
}

/*
 * Whether the calling thread may read, write, execute (R_OK, W_OK, X_OK); X_OK of a directory is to look
 * names up in it. -EACCES.
 */
static inline int inode_permission(const struct inode *inode, unsigned want)
{
    if (likely(!(want & X_OK) && caps_has(current_cred()->caps.effective, CAP_DAC_OVERRIDE)))
        return 0;
    return inode_check_mode(inode, want);
}

/* Whether it owns the file or acts for all owners: for what only an owner may change. -EPERM. */
int inode_permit_owner(const struct inode *inode);

/* Whether names can be made and removed in the directory, as far as its mode goes. -EACCES. */
static inline int dir_permit_change(const struct inode *dir)
{
    return may_search_all() ? inode_permission(dir, W_OK) : inode_check_mode(dir, W_OK | X_OK);
}

/* In a sticky directory only the owners of file and directory remove a name. -EPERM. */
int dir_permit_remove(const struct inode *dir, const struct inode *inode);

/* Whether it may make a device node of that type. -EPERM. */
int inode_permit_make(u32 mode);

/* Whether it may give the file away (~0u: as it is). -EPERM. */
int inode_permit_chown(const struct inode *inode, u32 uid, u32 gid);

/* `mode`, for a file of group `gid`, without the set-group-id bit if the caller has nothing to do with that. */
u32 inode_fit_mode(u32 mode, u32 gid);

/* A new inode of the directory: in a set-group-id directory the group is the directory's. Before anybody else sees it. */
void inode_inherit(struct inode *inode, const struct inode *dir);

/* What is left of a mode when somebody else gets the file, or writes to it: no set-id bits. */
u32 mode_without_set_id(u32 mode);

/* The file's contents change: set-id bits go, unless the caller may keep them. */
void inode_drop_set_id(struct inode *inode);
