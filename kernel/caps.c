/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities: see <kernel/caps.h>. Each change is one of a copy of the caller's credentials. */
#include <kernel/caps.h>
#include <kernel/cred.h>
#include <lib/errno.h>

bool caps_have(unsigned cap)
{
    return caps_has(current_cred()->caps.effective, cap);
}

/* capabilities(7): what may be given to oneself. */
static bool may_set(const struct caps *old, const struct caps *new)
{
    u64 known = old->inheritable | old->permitted;
    bool uncapped = caps_has(old->effective, CAP_SETPCAP);

    return (uncapped || !(new->inheritable & ~known)) &&
           !(new->inheritable & ~(old->inheritable | old->bounding)) &&
           !(new->permitted & ~old->permitted) && !(new->effective & ~new->permitted);
}

int caps_set(const struct caps *caps)
{
    const struct caps *old = &current_cred()->caps;

    if (!may_set(old, caps))
        return -EPERM;
    struct cred *cred = cred_copy();
    if (!cred)
        return -ENOMEM;
    cred->caps.effective = caps->effective;
    cred->caps.permitted = caps->permitted;
    cred->caps.inheritable = caps->inheritable;
    cred->caps.ambient &= caps->permitted & caps->inheritable;
    cred_commit(cred);
    return 0;
}

int caps_drop_bounding(unsigned cap)
{
    if (!caps_have(CAP_SETPCAP))
        return -EPERM;
    if (cap > CAP_LAST)
        return -EINVAL;
    struct cred *cred = cred_copy();
    if (!cred)
        return -ENOMEM;
    cred->caps.bounding &= ~(1ul << cap);
    cred_commit(cred);
    return 0;
}

/* --- ambient --- */

int caps_is_ambient(unsigned cap)
{
    return cap > CAP_LAST ? -EINVAL : caps_has(current_cred()->caps.ambient, cap);
}

static bool may_raise(const struct cred *cred, unsigned cap)
{
    return caps_has(cred->caps.permitted & cred->caps.inheritable, cap) &&
           !(cred->securebits & SECURE_NO_CAP_AMBIENT_RAISE);
}

static int commit_ambient(u64 ambient)
{
    struct cred *cred = cred_copy();

    if (!cred)
        return -ENOMEM;
    cred->caps.ambient = ambient;
    cred_commit(cred);
    return 0;
}

int caps_set_ambient(unsigned cap, bool raise)
{
    const struct cred *mine = current_cred();

    if (cap > CAP_LAST)
        return -EINVAL;
    if (raise && !may_raise(mine, cap))
        return -EPERM;
    return commit_ambient(raise ? mine->caps.ambient | 1ul << cap
                                : mine->caps.ambient & ~(1ul << cap));
}

int caps_clear_ambient(void)
{
    return commit_ambient(0);
}

/* --- securebits --- */

static int commit_securebits(u32 bits)
{
    struct cred *cred = cred_copy();

    if (!cred)
        return -ENOMEM;
    cred->securebits = bits;
    cred_commit(cred);
    return 0;
}

int caps_set_securebits(u64 bits)
{
    u32 old = current_cred()->securebits;
    u32 locked = old & SECURE_ALL_LOCKS;

    if (locked >> 1 & (old ^ bits) || locked & ~bits ||
        bits & ~(u64)(SECURE_ALL_BITS | SECURE_ALL_LOCKS) || !caps_have(CAP_SETPCAP))
        return -EPERM;
    return commit_securebits((u32)bits);
}

int caps_set_keep(u64 keep)
{
    u32 old = current_cred()->securebits;

    if (keep > 1)
        return -EINVAL;
    if (old & SECURE_KEEP_CAPS << 1)
        return -EPERM;
    return commit_securebits(keep ? old | SECURE_KEEP_CAPS : old & ~SECURE_KEEP_CAPS);
}
