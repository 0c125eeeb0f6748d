/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Becoming another user or group, by the rules of setuid(2) and its kin, and what happens to capabilities
 * (capabilities(7), "Effect of user ID changes on capabilities").
 */
#include <kernel/cred.h>
#include <lib/errno.h>

#define KEEP (~0u) /* -1: leave this id alone */

/* What goes and comes with user 0 as the one that files are opened with. */
#define CAPS_OF_FILES                                                                     \
    (BIT(CAP_CHOWN) | BIT(CAP_MKNOD) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | \
     BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_MAC_OVERRIDE) | BIT(CAP_LINUX_IMMUTABLE))

/* --- capabilities follow --- */

static bool is_root_somehow(const struct cred_ids *user)
{
    return !user->real || !user->effective || !user->saved;
}

static void fix_caps(const struct cred *old, struct cred *new)
{
    if (new->securebits & SECURE_NO_SETUID_FIXUP)
        return;
    if (is_root_somehow(&old->user) && !is_root_somehow(&new->user)) {
        if (!(new->securebits &SECURE_KEEP_CAPS))
            new->caps.permitted = new->caps.effective = 0;
        new->caps.ambient = 0;
    }
    if (!old->user.effective && new->user.effective)
        new->caps.effective = 0;
    if (old->user.effective && !new->user.effective)
        new->caps.effective = new->caps.permitted;
}

static void fix_caps_of_files(const struct cred *old, struct cred *new)
{
    if (new->securebits & SECURE_NO_SETUID_FIXUP)
        return;
    if (!old->user.fs && new->user.fs)
        new->caps.effective &= ~CAPS_OF_FILES;
    if (old->user.fs && !new->user.fs)
        new->caps.effective |= CAPS_OF_FILES &new->caps.permitted;
}

/* --- the rules --- */

static const struct cred_ids *my_ids(enum cred_kind kind)
{
    return kind == CRED_USER ? &current_cred()->user : &current_cred()->group;
}

/* Whether the caller may take on whatever id it likes. */
static bool takes_any(enum cred_kind kind)
{
    return caps_have(kind == CRED_USER ? CAP_SETUID : CAP_SETGID);
}

static bool is_one_of(u32 id, u32 a, u32 b, u32 c)
{
    return id == KEEP || id == a || id == b || id == c;
}

static int commit(enum cred_kind kind, struct cred_ids ids)
{
    struct cred *new = cred_copy();

    if (!new)
        return -ENOMEM;
    if (kind == CRED_USER) {
        new->user = ids;
        fix_caps(current_cred(), new);
    } else {
        new->group = ids;
    }
    cred_commit(new);
    return 0;
}

int cred_set(enum cred_kind kind, u32 id)
{
    struct cred_ids ids = *my_ids(kind);
    bool any = takes_any(kind);

    if (id == KEEP)
        return -EINVAL;
    if (!any && id != ids.real && id != ids.saved)
        return -EPERM;
    if (any)
        ids.real = ids.saved = id;
    ids.effective = ids.fs = id;
    return commit(kind, ids);
}

int cred_set_re(enum cred_kind kind, u32 real, u32 effective)
{
    const struct cred_ids *old = my_ids(kind);
    struct cred_ids ids = *old;

    if (!takes_any(kind) && (!is_one_of(real, old->real, old->effective, KEEP) ||
                             !is_one_of(effective, old->real, old->effective, old->saved)))
        return -EPERM;
    if (real != KEEP)
        ids.real = real;
    if (effective != KEEP)
        ids.effective = effective;
    if (real != KEEP || (effective != KEEP && effective != old->real))
        ids.saved = ids.effective;
    ids.fs = ids.effective;
    return commit(kind, ids);
}

int cred_set_res(enum cred_kind kind, u32 real, u32 effective, u32 saved)
{
    const struct cred_ids *old = my_ids(kind);
    struct cred_ids ids = *old;

    if (!takes_any(kind) && (!is_one_of(real, old->real, old->effective, old->saved) ||
                             !is_one_of(effective, old->real, old->effective, old->saved) ||
                             !is_one_of(saved, old->real, old->effective, old->saved)))
        return -EPERM;
    if (real != KEEP)
        ids.real = real;
    if (effective != KEEP)
        ids.effective = effective;
    if (saved != KEEP)
        ids.saved = saved;
    ids.fs = ids.effective;
    return commit(kind, ids);
}

u32 cred_set_fs(enum cred_kind kind, u32 id)
{
    const struct cred *old = current_cred();
    const struct cred_ids *ids = my_ids(kind);
    u32 before = ids->fs;
    bool may = is_one_of(id, ids->real, ids->effective, ids->saved) || takes_any(kind);
    struct cred *new = may &&id != KEEP &&id != before ? cred_copy() : NULL;

    if (!new)
        return before;
    if (kind == CRED_USER) {
        new->user.fs = id;
        fix_caps_of_files(old, new);
    } else {
        new->group.fs = id;
    }
    cred_commit(new);
    return before;
}

int cred_set_groups(struct groups *groups)
{
    struct cred *cred = cred_copy();

    if (!cred) {
        groups_put(groups);
        return -ENOMEM;
    }
    groups_sort(groups);
    groups_put(cred->groups);
    cred->groups = groups;
    cred_commit(cred);
    return 0;
}
