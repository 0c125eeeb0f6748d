/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's names (see include/kernel/uts.h): two that change, per UTS namespace. Lock: name_lock,
 * a leaf, for those of all namespaces.
 */
#include <kernel/uts.h>

#include <base/build.h>
#include <base/init.h>
#include <base/spinlock.h>
#include <kernel/caps.h>
#include <kernel/namespace.h>
#include <lib/errno.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <mm/slab.h>

struct uts_names {
    char name[UTS_NAMES][UTS_LEN + 1];
};

static struct spinlock name_lock = SPINLOCK_INIT("utsname");
static struct uts_names first = {{[UTS_HOST] = "quire", [UTS_DOMAIN] = "(none)"}};

static struct uts_names *names_of(const struct ns *ns)
{
    return ns->part[NS_UTS_NAMES];
}

void uts_get(struct linux_utsname *out)
{
    const struct uts_names *names = names_of(current_ns(NS_UTS));

    *out = (struct linux_utsname){.sysname = "Linux", .release = UTS_RELEASE, .machine = "riscv64"};
    fmt_snprintf(out->version, sizeof(out->version), "%s %s (%.12s)", QUIRE_NAME, QUIRE_VERSION,
                 build_id());
    irqflags_t flags = spin_lock(&name_lock);
    memcpy(out->nodename, names->name[UTS_HOST], sizeof(out->nodename));
    memcpy(out->domainname, names->name[UTS_DOMAIN], sizeof(out->domainname));
    spin_unlock(&name_lock, flags);
}

int uts_set(enum uts_name which, const char *name)
{
    char *own = names_of(current_ns(NS_UTS))->name[which];

    if (!caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    if (strlen(name) > UTS_LEN)
        return -EINVAL;
    irqflags_t flags = spin_lock(&name_lock);
    strlcpy(own, name, UTS_LEN + 1);
    spin_unlock(&name_lock, flags);
    return 0;
}

/* --- per namespace --- */

static int make_names(struct ns *ns, const struct ns *from)
{
    struct uts_names *names = kmalloc(sizeof(*names));

    if (!names)
        return -ENOMEM;
    irqflags_t flags = spin_lock(&name_lock);
    *names = *names_of(from);
    spin_unlock(&name_lock, flags);
    ns->part[NS_UTS_NAMES] = names;
    return 0;
}

static void free_names(struct ns *ns)
{
    kfree(names_of(ns));
}

static const struct ns_part names_part = {.name = "names", .make = make_names, .free = free_names};

static void uts_init(void)
{
    ns_part_register(NS_UTS, NS_UTS_NAMES, &names_part, &first);
}

INITCALL(INIT_MM, uts_init);
