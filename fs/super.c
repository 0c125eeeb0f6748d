/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of file systems, and making one of a type (see include/fs/super.h). Types are registered at start-up
 * only, so their list needs no lock. Options in force are changed under a spinlock of their own, which
 * comes before none, and read without one.
 */
#include <fs/super.h>

#include <arch/mmu.h>
#include <base/atomic.h>
#include <base/spinlock.h>
#include <fs/dentry.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <mm/slab.h>

static struct fs_type *types;
static struct spinlock options_lock = SPINLOCK_INIT("mount options");

/* --- types ----------------------------------------------------------------------------------- */

void fs_type_register(struct fs_type *type)
{
    type->next = types;
    types = type;
}

const struct fs_type *fs_type_find(const char *name)
{
    struct fs_type *type = types;

    while (type && strcmp(type->name, name) != 0)
        type = type->next;
    return type;
}

void fs_type_print(struct fmt_sink *sink)
{
    for (struct fs_type *type = types; type; type = type->next)
        fmt_print(sink, "%s\t%s\n", type->nodev ? "nodev" : "", type->name);
}

/* --- supers ---------------------------------------------------------------------------------- */

static char *copy_string(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = kmalloc(size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

struct super *super_make(const struct fs_type *type, const char *source,
                         const struct fs_config *config)
{
    static u32 last_dev;

    if (!type)
        return ERR_PTR(-ENODEV);
    struct super *super = kzalloc(sizeof(*super));
    if (!super)
        return ERR_PTR(-ENOMEM);
    super->type = type;
    super->refs = 1;
    super->next_ino = 1;
    super->dev = DEV(0, atomic_fetch_add(&last_dev, 1) + 1);
    super->config = *config;
    super->readonly = config->readonly;
    super->source = copy_string(source && source[0] ? source : "none");
    int err = super->source ? type->mount(super) : -ENOMEM;
    if (!err)
        return super;
    super_put(super);
    return ERR_PTR(err);
}

void super_drop(struct super *super)
{
    dentry_close_root(super->root);
    dentry_drop_tree(super->root);
    dentry_put(super->root);
    super_put(super);
}

/* Whether the limits of `config` leave room for what there is. */
static bool has_room(const struct super *super, const struct fs_config *config)
{
    u64 size = fs_config_get(config, FS_OPTION_SIZE, 0);
    u64 inodes = fs_config_get(config, FS_OPTION_INODES, 0);

    return (!size || atomic_load_relaxed(&super->pages) <= size / PAGE_SIZE) &&
           (!inodes || atomic_load_relaxed(&super->inodes) <= inodes);
}

static void set_options(struct super *super, const struct fs_config *config)
{
    u32 changed = config->given & super->type->changeable;

    for (unsigned i = 0; i < FS_OPTIONS; i++)
        if (changed & BIT(i))
            WRITE_ONCE(super->config.value[i], config->value[i]);
    atomic_store_release(&super->config.given, super->config.given | changed);
    WRITE_ONCE(super->readonly, config->readonly);
}

int super_reconfigure(struct super *super, const struct fs_config *config)
{
    irqflags_t flags = spin_lock(&options_lock);
    int err = has_room(super, config) ? 0 : -EINVAL;

    if (!err)
        set_options(super, config);
    spin_unlock(&options_lock, flags);
    return err;
}
