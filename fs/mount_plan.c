/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems put together step by step (see include/fs/mount_plan.h). A plan holds what it made until that is
 * mounted, or a reference on what it is to change. That is one on the super, not on a dentry: whoever has a plan
 * is not in the way of umount, and changes after it what nobody sees any more.
 *
 * Lock: the plan's mutex, before whatever making a file system takes. Read, the file would tell what went wrong;
 * nothing is written there, as with Linux's when nothing is known: -ENODATA.
 */
#include <fs/mount_plan.h>

#include <base/atomic.h>
#include <fs/anon.h>
#include <fs/dentry.h>
#include <fs/mount.h>
#include <fs/super.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/slab.h>

enum phase {
    PLAN_NEW,    /* takes options, then makes a file system */
    PLAN_CHANGE, /* takes options, then changes `super`'s */
    PLAN_MADE,   /* `super` waits to be mounted */
    PLAN_FAILED, /* nothing can come of it any more */
};

struct mount_plan {
    struct mutex lock;
    enum phase phase;
    const struct fs_type *type;
    struct fs_config config;
    char *source;
    struct super *super; /* PLAN_MADE: the plan's own; PLAN_CHANGE: a reference */
};

static void drop_super(struct mount_plan *plan)
{
    if (plan->phase == PLAN_MADE)
        super_drop(plan->super);
    else if (plan->super)
        super_put(plan->super);
}

static void plan_release(struct file *file)
{
    struct mount_plan *plan = file->private;

    drop_super(plan);
    kfree(plan->source);
    kfree(plan);
}

static ssize_t plan_read(struct file *file, struct iobuf *to, u64 *pos)
{
    (void)file;
    (void)to;
    (void)pos;
    return -ENODATA;
}

static const struct file_ops plan_ops = {
    .stream = true, .release = plan_release, .read = plan_read};
static struct anon_kind plan_kind = ANON_KIND_INIT(plan_kind, "fscontext", &plan_ops);

static struct mount_plan *plan_of(struct file *file)
{
    return file->ops == &plan_ops ? file->private : NULL;
}

/* --- beginning ------------------------------------------------------------------------------- */

static void begin_change(struct mount_plan *plan, struct super *super)
{
    plan->phase = PLAN_CHANGE;
    plan->super = super_get(super);
    plan->config = (struct fs_config){.readonly = super->readonly};
}

/* super NULL: for a new one. */
static int open_plan(const struct fs_type *type, struct super *super, unsigned flags)
{
    struct mount_plan *plan = kzalloc(sizeof(*plan));

    if (!plan)
        return -ENOMEM;
    mutex_init(&plan->lock, "mount plan");
    plan->type = type;
    if (super)
        begin_change(plan, super);
    int fd = anon_install(&plan_kind, plan, O_RDWR | flags);
    if (fd < 0) {
        drop_super(plan);
        kfree(plan);
    }
    return fd;
}

int mount_plan_open(const struct fs_type *type, unsigned flags)
{
    return open_plan(type, NULL, flags);
}

int mount_plan_pick(struct super *super, unsigned flags)
{
    return open_plan(super->type, super, flags);
}

/* --- options --------------------------------------------------------------------------------- */

static int set_source(struct mount_plan *plan, const char *text)
{
    if (plan->source || !text)
        return -EINVAL;
    size_t size = strlen(text) + 1;
    plan->source = kmalloc(size);
    if (!plan->source)
        return -ENOMEM;
    memcpy(plan->source, text, size);
    return 0;
}

static bool takes_options(const struct mount_plan *plan)
{
    return plan->phase == PLAN_NEW || plan->phase == PLAN_CHANGE;
}

static int set_option(struct mount_plan *plan, const char *key, const char *value)
{
    if (!takes_options(plan))
        return -EBUSY;
    if (strcmp(key, "source") == 0)
        return set_source(plan, value);
    return fs_config_set(&plan->config, plan->type, key, value);
}

int mount_plan_set(struct file *file, const char *key, const char *value)
{
    struct mount_plan *plan = plan_of(file);

    if (!plan)
        return -EINVAL;
    mutex_lock(&plan->lock);
    int err = set_option(plan, key, value);
    mutex_unlock(&plan->lock);
    return err;
}

/* Takes a step in a plan, under its lock. */
static int with_plan(struct file *file, int (*step)(struct mount_plan *plan))
{
    struct mount_plan *plan = plan_of(file);

    if (!plan)
        return -EINVAL;
    mutex_lock(&plan->lock);
    int err = step(plan);
    mutex_unlock(&plan->lock);
    return err;
}

static int refuse(struct mount_plan *plan)
{
    return takes_options(plan) ? -EINVAL : -EBUSY;
}

int mount_plan_refuse(struct file *file)
{
    return with_plan(file, refuse);
}

/* --- what comes of it ------------------------------------------------------------------------ */

static int make(struct mount_plan *plan)
{
    if (plan->phase != PLAN_NEW)
        return -EBUSY;
    struct super *super = super_make(plan->type, plan->source, &plan->config);
    if (IS_ERR(super)) {
        plan->phase = PLAN_FAILED;
        return (int)PTR_ERR(super);
    }
    plan->super = super;
    plan->phase = PLAN_MADE;
    return 0;
}

int mount_plan_make(struct file *file)
{
    return with_plan(file, make);
}

static int change(struct mount_plan *plan)
{
    if (plan->phase != PLAN_CHANGE)
        return -EBUSY;
    int err = super_reconfigure(plan->super, &plan->config);
    plan->config = (struct fs_config){.readonly = plan->config.readonly};
    return err;
}

int mount_plan_change(struct file *file)
{
    return with_plan(file, change);
}

/* --- mounted nowhere yet --------------------------------------------------------------------- */

/* Such a file's `private` is the super, until it is mounted. */
static void detached_release(struct file *file)
{
    struct super *super = file->private;

    if (super)
        super_drop(super);
}

static const struct file_ops detached_ops = {.stream = true, .release = detached_release};

static struct file *detach(struct mount_plan *plan, u32 attributes)
{
    struct super *super = plan->super;

    if (plan->phase != PLAN_MADE)
        return ERR_PTR(-EINVAL);
    struct file *file = file_open(super->root->inode, super->root, O_PATH);
    if (IS_ERR(file))
        return file;
    dentry_change_attributes(super, NULL, 0, attributes);
    file->ops = &detached_ops;
    file->private = super;
    begin_change(plan, super);
    return file;
}

struct file *mount_plan_mount(struct file *file, u32 attributes)
{
    struct mount_plan *plan = plan_of(file);

    if (!plan)
        return ERR_PTR(-EINVAL);
    mutex_lock(&plan->lock);
    struct file *made = detach(plan, attributes);
    mutex_unlock(&plan->lock);
    return made;
}

int mount_plan_attach(struct file *file, struct dentry *dir)
{
    if (file->ops != &detached_ops)
        return -EINVAL;
    /* Whoever takes the super out is the one who mounts it. */
    struct super *super = atomic_exchange(&file->private, NULL);
    if (!super)
        return -EINVAL;
    int err = mount_attach(super, dir);
    if (err)
        atomic_store_release(&file->private, super);
    return err;
}
