/* SPDX-License-Identifier: BSD-2-Clause */
/* The registry of character devices (see include/fs/dev.h). */
#include <fs/dev.h>

#include <base/spinlock.h>
#include <lib/errno.h>

static struct spinlock cdev_lock = SPINLOCK_INIT("cdev");
static struct cdev *cdevs;

static struct cdev *find_locked(u32 dev)
{
    struct cdev *cdev = cdevs;

    while (cdev && cdev->dev != dev)
        cdev = cdev->next;
    return cdev;
}

int cdev_register(struct cdev *cdev)
{
    irqflags_t flags = spin_lock(&cdev_lock);
    bool taken = find_locked(cdev->dev);

    if (!taken) {
        cdev->next = cdevs;
        cdevs = cdev;
    }
    spin_unlock(&cdev_lock, flags);
    return taken ? -EEXIST : 0;
}

struct cdev *cdev_find(u32 dev)
{
    irqflags_t flags = spin_lock(&cdev_lock);
    struct cdev *cdev = find_locked(dev);

    spin_unlock(&cdev_lock, flags);
    return cdev;
}

struct cdev *cdev_next(struct cdev *cdev)
{
    irqflags_t flags = spin_lock(&cdev_lock);
    struct cdev *next = cdev ? cdev->next : cdevs;

    spin_unlock(&cdev_lock, flags);
    return next;
}

/* The inode remembers its driver: registration is for ever. */
static struct cdev *driver_of(struct inode *inode)
{
    struct cdev *cdev = READ_ONCE(inode->private);

    if (unlikely(!cdev)) {
        cdev = cdev_find(inode->rdev);
        WRITE_ONCE(inode->private, cdev);
    }
    return cdev;
}

static int cdev_open(struct file *file)
{
    struct cdev *cdev = driver_of(file->inode);

    if (!cdev)
        return -ENXIO;
    file->ops = cdev->ops;
    file->private = cdev->private;
    return cdev->ops->open ? cdev->ops->open(file) : 0;
}

const struct file_ops cdev_file_ops = {.open = cdev_open};
