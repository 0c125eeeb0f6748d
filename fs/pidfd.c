/* SPDX-License-Identifier: BSD-2-Clause */
/* pidfd: processes as files (see include/fs/pidfd.h). No locks: what the file holds does not change. */
#include <fs/pidfd.h>

#include <abi/linux/event_files.h>
#include <abi/linux/poll.h>
#include <base/atomic.h>
#include <fs/anon.h>
#include <fs/poll.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <lib/errno.h>
#include <lib/fmt.h>

static u32 pidfd_poll(struct file *file, struct poll_table *table)
{
    struct process *p = file->private;

    poll_on(table, &p->end_wait);
    return READ_ONCE(p->state) != PROCESS_ALIVE ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct file *file)
{
    if (file->private)
        process_put(file->private);
}

static const struct file_ops pidfd_ops = {
    .stream = true, .poll = pidfd_poll, .release = pidfd_release};
static struct anon_kind pidfd_kind = ANON_KIND_INIT(pidfd_kind, "[pidfd]", &pidfd_ops);

struct file *pidfd_make(void)
{
    return anon_file(&pidfd_kind, NULL, O_RDWR);
}

void pidfd_set(struct file *file, struct process *p)
{
    process_get(p);
    file->private = p;
}

struct process *pidfd_process(const struct file *file)
{
    return file->ops == &pidfd_ops ? file->private : NULL;
}

/* The id of a thread is another error than none. */
static int no_process(int pid)
{
    struct process *p = process_find(pid);

    if (!p)
        return -ESRCH;
    process_put(p);
    return -EINVAL;
}

int pidfd_open(int pid, unsigned flags)
{
    struct process *p;
    int fd;

    if ((flags & ~(unsigned)PIDFD_NONBLOCK) || pid <= 0)
        return -EINVAL;
    p = process_by_pid(current_pid_ns(), pid);
    if (!p)
        return no_process(pid);
    fd = anon_install(&pidfd_kind, p, O_RDWR | O_CLOEXEC | flags);
    if (fd < 0)
        process_put(p);
    return fd;
}
