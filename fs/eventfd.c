/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eventfd: a counter in a file. Writing adds to it and waits where it would overflow; reading takes all of it, or
 * one (EFD_SEMAPHORE), and waits while it is zero.
 *
 * Lock: the object's spinlock for the count; never held over a copy or a wake-up. Every change of the
 * count is told to all who wait: an edge-triggered epoll wants to hear of each write.
 */
#include <fs/eventfd.h>

#include <abi/linux/event_files.h>
#include <abi/linux/poll.h>
#include <base/wait.h>
#include <fs/anon.h>
#include <fs/poll.h>
#include <lib/errno.h>
#include <mm/slab.h>

#define COUNT_MOST (~0ul - 1)

struct eventfd {
    struct spinlock lock;
    bool semaphore;
    u64 count;
    struct wait_queue changed;
};

/* Takes what a read takes; 0: there is nothing. */
static u64 take(struct eventfd *e)
{
    irqflags_t flags = spin_lock(&e->lock);
    u64 n = e->semaphore ? MIN(e->count, 1ul) : e->count;

    e->count -= n;
    spin_unlock(&e->lock, flags);
    return n;
}

/* Adds n if it fits. */
static bool add(struct eventfd *e, u64 n)
{
    irqflags_t flags = spin_lock(&e->lock);
    bool fits = COUNT_MOST - e->count >= n;

    if (fits)
        e->count += n;
    spin_unlock(&e->lock, flags);
    return fits;
}

static ssize_t eventfd_read(struct file *file, struct iobuf *to, u64 *pos)
{
    struct eventfd *e = file->private;
    u64 n;
    int err = 0;

    (void)pos;
    if (to->left < sizeof(n))
        return -EINVAL;
    n = take(e);
    if (!n && (file->flags & O_NONBLOCK))
        return -EAGAIN;
    if (!n)
        err = wait_event_interruptible(&e->changed, (n = take(e)));
    if (err)
        return -ERESTARTSYS;
    wake_all(&e->changed);
    err = iobuf_write(to, &n, sizeof(n));
    return err ? err : (ssize_t)sizeof(n);
}

static ssize_t eventfd_write(struct file *file, struct iobuf *from, u64 *pos)
{
    struct eventfd *e = file->private;
    u64 n;
    int err;

    (void)pos;
    if (from->left < sizeof(n))
        return -EINVAL;
    err = iobuf_read(from, &n, sizeof(n));
    if (err)
        return err;
    if (n > COUNT_MOST)
        return -EINVAL;
    if (!add(e, n)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&e->changed, add(e, n)))
            return -ERESTARTSYS;
    }
    wake_all(&e->changed);
    return sizeof(n);
}

static u32 eventfd_poll(struct file *file, struct poll_table *table)
{
    struct eventfd *e = file->private;
    u64 count;

    poll_on(table, &e->changed);
    count = READ_ONCE(e->count);
    return (count ? POLLIN | POLLRDNORM : 0u) | (count < COUNT_MOST ? POLLOUT | POLLWRNORM : 0u);
}

static void eventfd_release(struct file *file)
{
    kfree(file->private);
}

static const struct file_ops eventfd_ops = {
    .stream = true,
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = eventfd_release,
};
static struct anon_kind eventfd_kind = ANON_KIND_INIT(eventfd_kind, "[eventfd]", &eventfd_ops);

int eventfd_create(u32 count, unsigned flags)
{
    struct eventfd *e;
    int fd;

    if (flags & ~(unsigned)(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
        return -EINVAL;
    e = kmalloc(sizeof(*e));
    if (!e)
        return -ENOMEM;
    *e = (struct eventfd){.semaphore = flags & EFD_SEMAPHORE, .count = count};
    spin_init(&e->lock, "eventfd");
    wait_queue_init(&e->changed, "eventfd wait");
    fd = anon_install(&eventfd_kind, e, O_RDWR | (flags & (EFD_CLOEXEC | EFD_NONBLOCK)));
    if (fd < 0)
        kfree(e);
    return fd;
}
