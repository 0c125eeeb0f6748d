/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets as files (see include/net/socket.h): the table of families, and what descriptors of sockets do. The table is
 * filled at start-up and only read afterwards; there are no locks here.
 */
#include <net/socket.h>

#include <abi/linux/stat.h>
#include <abi/linux/statfs.h>
#include <base/atomic.h>
#include <base/wait.h>
#include <fs/anon.h>
#include <fs/fdtable.h>
#include <kernel/time.h>
#include <lib/errno.h>

#define BUFFER_DEFAULT 212992u /* Linux's, net.core.wmem_default */

static const struct socket_family *families[AF_MAX];

void socket_family_register(const struct socket_family *family)
{
    families[family->family] = family;
}

/* --- life ------------------------------------------------------------------------------------ */

/* The file system that sockets belong to; mounted nowhere. */
static const struct fs_type sockfs_type = {.name = "sockfs", .nodev = true, .magic = SOCKFS_MAGIC};
static struct super sockfs_super = {
    .type = &sockfs_type, .refs = 1, .next_ino = 1, .dev = DEV(0, 253)};

static struct socket *socket_of_inode(struct inode *inode)
{
    return container_of(inode, struct socket, inode);
}

static void release_inode(struct inode *inode)
{
    struct socket *s = socket_of_inode(inode);

    s->ops->free(s);
}

static const struct inode_ops socket_inode_ops = {.release = release_inode};

void socket_init(struct socket *s, const struct socket_ops *ops, u16 family, u16 type)
{
    inode_init(&s->inode, &sockfs_super, S_IFSOCK | 0777);
    s->inode.ops = &socket_inode_ops;
    s->inode.file_ops = &anon_unopenable;
    s->ops = ops;
    s->file = NULL;
    s->family = family;
    s->type = type;
    s->error = 0;
    s->send_buffer = s->receive_buffer = BUFFER_DEFAULT;
    s->options = 0;
    s->low_water = 1;
    s->linger = (struct linux_linger){.l_onoff = 0};
    s->send_timeout = s->receive_timeout = WAIT_FOREVER;
}

/* A socket that never got a descriptor. */
static void drop_socket(struct socket *s)
{
    s->ops->close(s);
    socket_put(s);
}

int socket_take_error(struct socket *s)
{
    return READ_ONCE(s->error) ? -atomic_exchange(&s->error, 0) : 0;
}

u64 socket_deadline(u64 timeout)
{
    u64 now = time_now_ns();

    return timeout >= WAIT_FOREVER - now ? WAIT_FOREVER : now + timeout;
}

/* A call with a time limit is not begun again: it would wait for all of it once more. */
int socket_wait_result(int rc, u64 timeout)
{
    if (rc == -ETIMEDOUT)
        return -EAGAIN;
    return rc == -EINTR && timeout == WAIT_FOREVER ? -ERESTARTSYS : rc;
}

/* --- the open file --------------------------------------------------------------------------- */

int socket_connect(struct socket *s, const struct socket_address *address)
{
    return s->ops->connect(s, address, s->file->flags & O_NONBLOCK);
}

ssize_t socket_send(struct socket *s, struct socket_message *m)
{
    if (s->file->flags & O_NONBLOCK)
        m->flags |= MSG_DONTWAIT;
    return s->ops->send(s, m);
}

ssize_t socket_receive(struct socket *s, struct socket_message *m)
{
    if (s->file->flags & O_NONBLOCK)
        m->flags |= MSG_DONTWAIT;
    return s->ops->receive(s, m);
}

static ssize_t socket_read(struct file *file, struct iobuf *to, u64 *pos)
{
    struct socket_message m = {.data = to};

    (void)pos;
    return socket_receive(file->private, &m);
}

static ssize_t socket_write(struct file *file, struct iobuf *from, u64 *pos)
{
    struct socket_message m = {.data = from};

    (void)pos;
    return socket_send(file->private, &m);
}

static u32 socket_poll(struct file *file, struct poll_table *table)
{
    struct socket *s = file->private;

    return s->ops->poll(s, table);
}

static long socket_ioctl(struct file *file, unsigned cmd, vaddr_t arg)
{
    struct socket *s = file->private;

    return s->ops->ioctl(s, cmd, arg);
}

static void socket_show_info(struct file *file, struct fmt_sink *sink)
{
    struct socket *s = file->private;

    s->ops->show_info(s, sink);
}

static void socket_release(struct file *file)
{
    struct socket *s = file->private;

    s->ops->close(s);
}

static u64 socket_pages(struct file *file)
{
    struct socket *s = file->private;

    return s->ops->unread(s) / PAGE_SIZE;
}

static const struct file_ops socket_file_ops = {
    .stream = true,
    .read = socket_read,
    .write = socket_write,
    .poll = socket_poll,
    .ioctl = socket_ioctl,
    .show_info = socket_show_info,
    .release = socket_release,
    .pages = socket_pages,
};

struct socket *socket_of(const struct file *file)
{
    return file->ops == &socket_file_ops ? file->private : NULL;
}

/* The open file of a socket, which from now on holds the caller's reference; NULL: no memory, and it is still the caller's. */
static struct file *make_file(struct socket *s, unsigned flags)
{
    struct file *file = file_make(&s->inode, &socket_file_ops, s, O_RDWR | (flags & SOCK_NONBLOCK));

    if (!file)
        return NULL;
    WRITE_ONCE(s->file, file);
    socket_put(s);
    return file;
}

/* --- descriptors ----------------------------------------------------------------------------- */

static int check_flags(unsigned flags)
{
    return flags & ~(unsigned)(SOCK_CLOEXEC | SOCK_NONBLOCK) ? -EINVAL : 0;
}

static int create(int family, int type, int protocol, struct socket **out)
{
    if (family < 0 || family >= AF_MAX)
        return -EAFNOSUPPORT;
    if (type < 0 || type >= SOCK_MAX)
        return -EINVAL;
    return families[family] ? families[family]->create(type, protocol, out) : -EAFNOSUPPORT;
}

int socket_open(int family, int type, int protocol, unsigned flags)
{
    struct socket *s;
    int err = check_flags(flags);

    if (!err)
        err = create(family, type, protocol, &s);
    if (err)
        return err;
    int fd = fd_reserve(0, flags & SOCK_CLOEXEC);
    struct file *file = fd < 0 ? NULL : make_file(s, flags);
    if (file) {
        fd_fill(fd, file);
        return fd;
    }
    if (fd >= 0)
        fd_cancel(fd);
    drop_socket(s);
    return fd < 0 ? fd : -ENOMEM;
}

/* Files of two sockets, whose references they take over in any case. 0 or -ENOMEM. */
static int make_files(struct socket *s[2], unsigned flags, struct file *file[2])
{
    file[0] = make_file(s[0], flags);
    file[1] = make_file(s[1], flags);
    if (file[0] && file[1])
        return 0;
    for (unsigned i = 0; i < 2; i++) {
        if (file[i])
            file_put(file[i]);
        else
            drop_socket(s[i]);
    }
    return -ENOMEM;
}

static int make_pair(int family, int type, int protocol, unsigned flags, struct file *file[2])
{
    struct socket *s[2];
    int err = create(family, type, protocol, &s[0]);

    if (err)
        return err;
    err = create(family, type, protocol, &s[1]);
    if (err) {
        drop_socket(s[0]);
        return err;
    }
    err = s[0]->ops->pair(s[0], s[1]);
    if (!err)
        return make_files(s, flags, file);
    drop_socket(s[0]);
    drop_socket(s[1]);
    return err;
}

int socket_open_pair(int family, int type, int protocol, unsigned flags,
                     int (*tell)(const int fd[2], void *to), void *to)
{
    struct file *file[2];
    int fd[2];
    int err = check_flags(flags);

    if (err)
        return err;
    fd[0] = fd_reserve(0, flags & SOCK_CLOEXEC);
    if (fd[0] < 0)
        return fd[0];
    fd[1] = fd_reserve(0, flags & SOCK_CLOEXEC);
    err = fd[1] < 0 ? fd[1] : tell(fd, to);
    if (!err)
        err = make_pair(family, type, protocol, flags, file);
    for (unsigned i = 0; i < 2; i++) {
        if (!err)
            fd_fill(fd[i], file[i]);
        else if (fd[i] >= 0)
            fd_cancel(fd[i]);
    }
    return err;
}

/* Accepts a connection as an open file. */
static int accept_file(struct socket *s, unsigned flags, struct file **out)
{
    struct socket *taken;
    int err = s->ops->accept(s, s->file->flags & O_NONBLOCK, &taken);

    if (err)
        return err;
    *out = make_file(taken, flags);
    if (*out)
        return 0;
    s->ops->accept_undo(s, taken);
    return -ENOMEM;
}

/* Who is at the other end; one that is gone already has no address. */
static int tell_peer(struct socket *s, int (*tell)(const struct socket_address *from, void *to),
                     void *to)
{
    struct socket_address from;

    if (s->ops->name(s, true, &from))
        from.len = 0;
    return tell(&from, to);
}

int socket_accept(struct socket *s, unsigned flags,
                  int (*tell)(const struct socket_address *from, void *to), void *to)
{
    struct file *file = NULL;
    int err = check_flags(flags);

    if (err)
        return err;
    int fd = fd_reserve(0, flags & SOCK_CLOEXEC);
    if (fd < 0)
        return fd;
    err = accept_file(s, flags, &file);
    if (!err && tell)
        err = tell_peer(file->private, tell, to);
    if (!err) {
        fd_fill(fd, file);
        return fd;
    }
    if (file)
        file_put(file);
    fd_cancel(fd);
    return err;
}
