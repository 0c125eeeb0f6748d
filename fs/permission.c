/* SPDX-License-Identifier: BSD-2-Clause */
/* Permissions of files (see include/fs/permission.h). */
#include <fs/permission.h>

#include <abi/linux/stat.h>
#include <lib/errno.h>

static bool capable(unsigned cap)
{
    return caps_has(current_cred()->caps.effective, cap);
}

/* The three bits of the mode that are meant for the caller. */
static u32 bits_for(const struct cred *cred, const struct inode *inode)
{
    if (cred->user.fs == inode->uid)
        return inode->mode >> 6;
    return cred_in_group(cred, inode->gid) ? inode->mode >> 3 : inode->mode;
}

/* Capabilities read and search everything, write everything, execute what anybody may execute. */
static bool overrides(const struct inode *inode, unsigned want)
{
    bool dir = S_ISDIR(inode->mode);

    if (capable(CAP_DAC_READ_SEARCH) && (dir ? !(want & W_OK) : want == R_OK))
        return true;
    return capable(CAP_DAC_OVERRIDE) && (dir || !(want & X_OK) || inode->mode & 0111);
}

int inode_check_mode(const struct inode *inode, unsigned want)
{
    bool allowed = !(want & ~bits_for(current_cred(), inode) & 07);

    return allowed || overrides(inode, want) ? 0 : -EACCES;
}

static bool owns(const struct inode *inode)
{
    return current_cred()->user.fs == inode->uid || capable(CAP_FOWNER);
}

int inode_permit_owner(const struct inode *inode)
{
    return owns(inode) ? 0 : -EPERM;
}

int dir_permit_remove(const struct inode *dir, const struct inode *inode)
{
    bool held = dir->mode & S_ISVTX && current_cred()->user.fs != dir->uid && !owns(inode);

    return held ? -EPERM : 0;
}

int inode_permit_make(u32 mode)
{
    return !(S_ISCHR(mode) || S_ISBLK(mode)) || capable(CAP_MKNOD) ? 0 : -EPERM;
}

int inode_permit_chown(const struct inode *inode, u32 uid, u32 gid)
{
    const struct cred *cred = current_cred();
    bool owner = cred->user.fs == inode->uid;
    bool same_user = uid == ~0u || (owner && uid == inode->uid);
    bool own_group = gid == ~0u || (owner && (gid == inode->gid || cred_in_group(cred, gid)));

    return (same_user && own_group) || capable(CAP_CHOWN) ? 0 : -EPERM;
}

u32 inode_fit_mode(u32 mode, u32 gid)
{
    bool keep = cred_in_group(current_cred(), gid) || capable(CAP_FSETID);

    return keep ? mode : mode & ~(u32)S_ISGID;
}

void inode_inherit(struct inode *inode, const struct inode *dir)
{
    if (likely(!(dir->mode & S_ISGID)))
        return;
    inode->gid = dir->gid;
    if (S_ISDIR(inode->mode))
        inode->mode |= S_ISGID;
    else if (inode->mode & 0010)
        inode->mode = inode_fit_mode(inode->mode, inode->gid);
}

/* Without x for the group its set-id bit means something else. */
u32 mode_without_set_id(u32 mode)
{
    return mode & ~(u32)(S_ISUID | (mode & 0010 ? S_ISGID : 0));
}

void inode_drop_set_id(struct inode *inode)
{
    if (unlikely(inode->mode & (S_ISUID | S_ISGID)) && !capable(CAP_FSETID))
        WRITE_ONCE(inode->mode, mode_without_set_id(inode->mode));
}
