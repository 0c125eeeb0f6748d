/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who one is after exec: set-user-id and set-group-id bits, and capabilities by the formulas of
 * capabilities(7) for files without any of their own.
 */
#include <abi/linux/stat.h>
#include <kernel/cred.h>

/* Without x for the group the bit means something else (mandatory locking, once). */
static bool changes_group(u32 mode)
{
    return (mode & (S_ISGID | 0010)) == (S_ISGID | 0010);
}

static void take_ids(struct cred *cred, const struct cred_file *file)
{
    if (file->mode & S_ISUID && !cred->no_new_privs)
        cred->user.effective = file->uid;
    if (changes_group(file->mode) && !cred->no_new_privs)
        cred->group.effective = file->gid;
    cred->user.saved = cred->user.fs = cred->user.effective;
    cred->group.saved = cred->group.fs = cred->group.effective;
}

/* `gained`: set-id bits had an effect. Who wants no new privileges gets none for being root either. */
static void take_caps(struct cred *cred, bool gained)
{
    struct caps *caps = &cred->caps;
    u64 most = cred->no_new_privs ? caps->permitted : ~0ul;
    bool special = !(cred->securebits & SECURE_NOROOT);
    bool root = special && (!cred->user.real || !cred->user.effective);

    if (gained)
        caps->ambient = 0;
    caps->permitted = caps->ambient | (root ? (caps->bounding | caps->inheritable) & most : 0);
    caps->effective = special && !cred->user.effective ? caps->permitted : caps->ambient;
}

struct cred *cred_for_exec(const struct cred_file *file, bool *secure)
{
    const struct cred *old = current_cred();
    struct cred *cred = cred_copy();

    if (!cred)
        return NULL;
    take_ids(cred, file);
    bool gained =
        cred->user.effective != old->user.real || cred->group.effective != old->group.real;
    take_caps(cred, gained);
    cred->securebits &= ~(u32)SECURE_KEEP_CAPS;
    *secure = gained || (cred->user.real && cred->caps.permitted & ~cred->caps.ambient);
    return cred;
}
