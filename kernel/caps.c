/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities: see <kernel/caps.h>. */
#include <kernel/caps.h>
#include <kernel/process.h>
#include <lib/errno.h>

void caps_init_process(struct process *p)
{
    p->caps = (struct caps){.effective = CAPS_ALL, .permitted = CAPS_ALL, .bounding = CAPS_ALL};
}

static bool has(u64 set, unsigned cap)
{
    return set >> cap & 1;
}

bool caps_have(unsigned cap)
{
    return has(READ_ONCE(current_process()->caps.effective), cap);
}

bool caps_have_after_exec(unsigned cap)
{
    return has(READ_ONCE(current_process()->caps.bounding), cap);
}

void caps_get(struct process *p, struct caps *out)
{
    irqflags_t flags = spin_lock(&process_lock);

    *out = p->caps;
    spin_unlock(&process_lock, flags);
}

/* capabilities(7): what may be given to oneself. */
static bool may_set(const struct caps *old, const struct caps *new)
{
    u64 inheritable =
        old->inheritable | (has(old->effective, CAP_SETPCAP) ? old->bounding : old->permitted);

    return !(new->permitted & ~old->permitted) && !(new->effective & ~new->permitted) &&
           !(new->inheritable & ~(inheritable | old->permitted));
}

int caps_set(const struct caps *caps)
{
    struct caps *mine = &current_process()->caps;
    irqflags_t flags = spin_lock(&process_lock);
    bool allowed = may_set(mine, caps);

    if (allowed) {
        u64 bounding = mine->bounding;
        *mine = *caps;
        mine->bounding = bounding;
    }
    spin_unlock(&process_lock, flags);
    return allowed ? 0 : -EPERM;
}

int caps_drop_bounding(unsigned cap)
{
    struct process *p = current_process();

    if (cap > CAP_LAST)
        return -EINVAL;
    irqflags_t flags = spin_lock(&process_lock);
    bool allowed = has(p->caps.effective, CAP_SETPCAP);
    if (allowed)
        p->caps.bounding &= ~(1ul << cap);
    spin_unlock(&process_lock, flags);
    return allowed ? 0 : -EPERM;
}

void caps_exec(struct process *p)
{
    irqflags_t flags = spin_lock(&process_lock);

    p->caps.permitted = p->caps.effective = p->caps.bounding;
    spin_unlock(&process_lock, flags);
}
