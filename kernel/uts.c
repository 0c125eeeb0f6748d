/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's names (see include/kernel/uts.h). Lock: name_lock, a leaf, for the two that change. */
#include <kernel/uts.h>

#include <base/build.h>
#include <base/spinlock.h>
#include <lib/errno.h>
#include <lib/fmt.h>
#include <lib/string.h>

static struct spinlock name_lock = SPINLOCK_INIT("utsname");
static char names[][UTS_LEN + 1] = {[UTS_HOST] = "quire", [UTS_DOMAIN] = "(none)"};

void uts_get(struct linux_utsname *out)
{
    *out = (struct linux_utsname){.sysname = "Linux", .release = UTS_RELEASE, .machine = "riscv64"};
    fmt_snprintf(out->version, sizeof(out->version), "%s %s (%.12s)", QUIRE_NAME, QUIRE_VERSION,
                 build_id());
    irqflags_t flags = spin_lock(&name_lock);
    memcpy(out->nodename, names[UTS_HOST], sizeof(out->nodename));
    memcpy(out->domainname, names[UTS_DOMAIN], sizeof(out->domainname));
    spin_unlock(&name_lock, flags);
}

int uts_set(enum uts_name which, const char *name)
{
    if (strlen(name) > UTS_LEN)
        return -EINVAL;
    irqflags_t flags = spin_lock(&name_lock);
    strlcpy(names[which], name, sizeof(names[which]));
    spin_unlock(&name_lock, flags);
    return 0;
}
