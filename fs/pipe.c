/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and FIFOs.
 *
 * A pipe is a ring of 16 frames. `head` and `tail` count the bytes ever taken and put (they wrap);
 * byte n lives in slot n / 4096 % 16. Frames come when bytes are put and go when they are drained,
 * but the last one stays. An empty pipe starts again at the beginning of that frame, so a pipe that
 * carries little touches one frame for ever.
 *
 * The mutex guards everything and is held across user copies; a fault in one never needs a pipe.
 * Wake-ups come after it, and only at the two edges that somebody can wait for: the pipe was
 * empty and is not, and it had no room for PIPE_BUF bytes and has. The conditions that sleepers look
 * at read the counters without the mutex, both in one load: a pair that never stood there together could
 * look empty after the edge had passed. They are looked at again under the mutex.
 */
#include <fs/pipe.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/ioctl.h>
#include <abi/linux/poll.h>
#include <abi/linux/stat.h>
#include <abi/linux/statfs.h>
#include <base/mutex.h>
#include <fs/inode.h>
#include <fs/poll.h>
#include <kernel/signal.h>
#include <lib/err.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

#define PIPE_ATOMIC ((u32)PAGE_SIZE) /* PIPE_BUF */

struct pipe {
    struct mutex lock;
    union {
        struct {
            u32 head, tail;
        };
        u64 head_and_tail; /* the head in the low half */
    };
    u32 readers, writers;           /* open files that read, that write */
    u32 reader_opens, writer_opens; /* ever; a FIFO's open waits for a change */
    bool watched;                   /* by an epoll, which wants to hear of every write and read */
    struct wait_queue can_read;     /* bytes came, or the writers went */
    struct wait_queue can_write;    /* room came, or the readers went */
    u8 *slot[PIPE_SLOTS];           /* frames by their address, NULL where there is none */
};

/* A pipe without a name. */
struct pipe_inode {
    struct inode inode;
    struct pipe pipe;
};

static SLAB_CACHE(pipe_cache, "pipe", sizeof(struct pipe_inode), 8);

/* --- the ring -------------------------------------------------------------------------------- */

static u32 used(const struct pipe *p)
{
    u64 both = READ_ONCE(p->head_and_tail);

    return (u32)(both >> 32) - (u32)both;
}

static bool has_room(const struct pipe *p)
{
    return PIPE_SIZE - used(p) >= PIPE_ATOMIC;
}

static u8 **slot_of(struct pipe *p, u32 at)
{
    return &p->slot[at / PAGE_SIZE % PIPE_SLOTS];
}

/* The byte at position `at`, and how many follow it in the same frame. */
static void *byte_at(struct pipe *p, u32 at, u32 *contiguous)
{
    u32 offset = at % (u32)PAGE_SIZE;

    *contiguous = (u32)PAGE_SIZE - offset;
    return *slot_of(p, at) + offset;
}

static bool add_frame(u8 **slot)
{
    struct page *page = page_alloc(0, 0, PAGE_PIPE);

    *slot = page ? page_to_virt(page) : NULL;
    return page;
}

static void drop_frame(u8 **slot)
{
    if (*slot)
        page_put(virt_to_page(*slot));
    *slot = NULL;
}

/* Makes frames for `n` bytes behind the tail. 0 or -ENOMEM. */
static int add_frames(struct pipe *p, u32 n)
{
    u32 end = p->tail + n;

    for (u32 at = p->tail; (s32)(end - at) > 0; at = ALIGN_DOWN(at, (u32)PAGE_SIZE) + PAGE_SIZE) {
        u8 **slot = slot_of(p, at);
        if (unlikely(!*slot) && !add_frame(slot))
            return -ENOMEM;
    }
    return 0;
}

/* The pipe is empty: one frame stays, as slot 0. */
static void rewind_ring(struct pipe *p)
{
    if (p->tail > PAGE_SIZE) { /* else slot 0 is the only one */
        u8 **last = slot_of(p, p->tail - 1);
        u8 *keep = *last;

        *last = p->slot[0];
        p->slot[0] = keep;
        for (u32 i = 1; i < PIPE_SLOTS; i++)
            drop_frame(&p->slot[i]);
    }
    WRITE_ONCE(p->head_and_tail, 0);
}

/* Moves the head over bytes that were read. A drained frame goes unless the tail has come round. */
static void take_bytes(struct pipe *p, u32 n)
{
    u32 old = p->head;

    WRITE_ONCE(p->head, old + n);
    if (p->head == p->tail) {
        rewind_ring(p);
        return;
    }
    u32 start = ALIGN_DOWN(old, (u32)PAGE_SIZE);
    if (p->head - start >= PAGE_SIZE && p->tail - start <= PIPE_SIZE)
        drop_frame(slot_of(p, start));
}

/* Copies up to n bytes out. Returns those that went, or an error when none did. */
static ssize_t read_ring(struct pipe *p, struct iobuf *to, u32 n)
{
    u32 done = 0;

    while (done < n) {
        u32 part;
        void *from = byte_at(p, p->head, &part);

        part = MIN(part, n - done);
        int err = iobuf_write(to, from, part);
        if (err)
            return done ? (ssize_t)done : err;
        take_bytes(p, part);
        done += part;
    }
    return (ssize_t)done;
}

/* Copies n bytes in, for which there is room: n, or an error and nothing has happened. */
static ssize_t write_ring(struct pipe *p, struct iobuf *from, u32 n)
{
    u32 done = 0;
    int err = add_frames(p, n);

    while (!err && done < n) {
        u32 part;
        void *to = byte_at(p, p->tail + done, &part);

        part = MIN(part, n - done);
        err = iobuf_read(from, to, part);
        done += part;
    }
    if (err)
        return err;
    WRITE_ONCE(p->tail, p->tail + n);
    return (ssize_t)n;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool readable(const struct pipe *p)
{
    return used(p) || !READ_ONCE(p->writers);
}

/* Waits until there is something to read or no writer. Called and returns with the mutex held. */
static int wait_readable(struct pipe *p, struct file *file)
{
    int err = 0;

    while (!err && !used(p) && p->writers) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        mutex_unlock(&p->lock);
        err = wait_event_interruptible(&p->can_read, readable(p));
        mutex_lock(&p->lock);
    }
    return err ? -ERESTARTSYS : 0;
}

static ssize_t pipe_read(struct file *file, struct iobuf *to, u64 *pos)
{
    struct pipe *p = file->private;

    (void)pos;
    if (!to->left)
        return 0;
    mutex_lock(&p->lock);
    ssize_t n = wait_readable(p, file);
    bool was_full = !has_room(p);
    if (!n)
        n = read_ring(p, to, (u32)MIN(to->left, (size_t)used(p)));
    bool wake = (was_full || unlikely(p->watched)) && has_room(p);
    mutex_unlock(&p->lock);
    if (wake)
        wake_all(&p->can_write);
    return n;
}

/* --- writing --------------------------------------------------------------------------------- */

static bool writable(const struct pipe *p)
{
    return has_room(p) || !READ_ONCE(p->readers);
}

static int broken_pipe(void)
{
    sig_send_thread(current_thread(), SIGPIPE, NULL);
    return -EPIPE;
}

/*
 * Waits until a write of `left` bytes may put some: all of them up to PIPE_BUF, else at least so
 * many. Called and returns with the mutex held.
 */
static int wait_writable(struct pipe *p, struct file *file, size_t left)
{
    u32 need = (u32)MIN(left, (size_t)PIPE_ATOMIC);
    int err = 0;

    while (!err && p->readers && PIPE_SIZE - used(p) < need) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        mutex_unlock(&p->lock);
        err = wait_event_interruptible(&p->can_write, writable(p));
        mutex_lock(&p->lock);
    }
    return err ? -ERESTARTSYS : p->readers ? 0 : -EPIPE;
}

/* Puts at most a frame's worth. Returns the bytes that went, or an error. */
static ssize_t write_some(struct pipe *p, struct file *file, struct iobuf *from)
{
    mutex_lock(&p->lock);
    ssize_t n = wait_writable(p, file, from->left);
    bool was_empty = !used(p);
    if (!n)
        n = write_ring(p, from, (u32)MIN(from->left, (size_t)PIPE_ATOMIC));
    bool wake = (was_empty || unlikely(p->watched)) && used(p);
    mutex_unlock(&p->lock);
    if (wake)
        wake_all(&p->can_read);
    return n;
}

static ssize_t pipe_write(struct file *file, struct iobuf *from, u64 *pos)
{
    struct pipe *p = file->private;
    size_t done = 0;
    ssize_t n = 0;

    (void)pos;
    while (from->left && (n = write_some(p, file, from)) > 0)
        done += (size_t)n;
    if (n == -EPIPE && !done)
        return broken_pipe();
    return done ? (ssize_t)done : n;
}

/* --- the rest -------------------------------------------------------------------------------- */

static u32 pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *p = file->private;
    u32 events = 0;

    if (table && table->lasting)
        WRITE_ONCE(p->watched, true);
    if (file->access & FILE_READ) {
        poll_on(table, &p->can_read);
        if (used(p))
            events |= POLLIN | POLLRDNORM;
        if (!READ_ONCE(p->writers) && READ_ONCE(p->writer_opens) != (u32)file->pos)
            events |= POLLHUP;
    }
    if (file->access & FILE_WRITE) {
        poll_on(table, &p->can_write);
        if (has_room(p))
            events |= POLLOUT | POLLWRNORM;
        if (!READ_ONCE(p->readers))
            events |= POLLERR;
    }
    return events;
}

static long pipe_ioctl(struct file *file, unsigned cmd, vaddr_t arg)
{
    s32 n = (s32)used(file->private);

    if (cmd != FIONREAD)
        return -ENOTTY;
    return copyout_obj(arg, &n);
}

static void pipe_init(struct pipe *p)
{
    *p = (struct pipe){.head_and_tail = 0};
    mutex_init(&p->lock, "pipe");
    wait_queue_init(&p->can_read, "pipe read");
    wait_queue_init(&p->can_write, "pipe write");
}

/* Frees the frames. Nobody has the pipe open. */
static void drain(struct pipe *p)
{
    for (u32 i = 0; i < PIPE_SLOTS; i++)
        drop_frame(&p->slot[i]);
    p->head = p->tail = 0;
}

static void pipe_file_release(struct file *file)
{
    struct pipe *p = file->private;

    mutex_lock(&p->lock);
    if (file->access & FILE_READ)
        p->readers--;
    if (file->access & FILE_WRITE)
        p->writers--;
    if (!p->readers && !p->writers)
        drain(p);
    mutex_unlock(&p->lock);
    wake_all(&p->can_read);
    wake_all(&p->can_write);
}

/* Who writes fills it; when nobody can write any more, it is the readers'. */
static u64 pipe_pages(struct file *file)
{
    const struct pipe *p = file->private;
    u64 pages = 0;

    if (!(file->access & FILE_WRITE) && READ_ONCE(p->writers))
        return 0;
    for (unsigned i = 0; i < PIPE_SLOTS; i++)
        pages += READ_ONCE(p->slot[i]) != NULL;
    return pages;
}

static const struct file_ops pipe_file_ops = {
    .stream = true,
    .release = pipe_file_release,
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .pages = pipe_pages,
};

long pipe_capacity(struct file *file)
{
    return file->ops == &pipe_file_ops ? (long)PIPE_SIZE : -EBADF;
}

/*
 * Counts an open file in, under the mutex. pos remembers how many writers there had been: a reader that
 * never had a writer is not told that it has hung up.
 */
static void attach(struct pipe *p, struct file *file)
{
    file->private = p;
    file->ops = &pipe_file_ops;
    if (file->access & FILE_READ) {
        p->readers++;
        p->reader_opens++;
        file->pos = p->writers ? p->writer_opens - 1 : p->writer_opens;
    }
    if (file->access & FILE_WRITE) {
        p->writers++;
        p->writer_opens++;
    }
}

/* --- pipes without a name -------------------------------------------------------------------- */

static void release_pipe_inode(struct inode *inode)
{
    struct pipe_inode *pi = container_of(inode, struct pipe_inode, inode);

    drain(&pi->pipe);
    slab_free(&pipe_cache, pi);
}

/* The file system that pipes belong to; mounted nowhere. */
static const struct fs_type pipe_type = {.name = "pipefs", .nodev = true, .magic = PIPEFS_MAGIC};
static struct super pipe_super = {.type = &pipe_type, .refs = 1, .next_ino = 1, .dev = DEV(0, 255)};
static const struct inode_ops pipe_inode_ops = {.release = release_pipe_inode};

static int open_anonymous(struct file *file)
{
    struct pipe *p = file->inode->private;

    mutex_lock(&p->lock);
    attach(p, file);
    mutex_unlock(&p->lock);
    return 0;
}

static const struct file_ops anonymous_file_ops = {.open = open_anonymous};

static struct inode *make_pipe_inode(void)
{
    struct pipe_inode *pi = slab_alloc(&pipe_cache);

    if (!pi)
        return NULL;
    inode_init(&pi->inode, &pipe_super, S_IFIFO | 0600);
    pi->inode.ops = &pipe_inode_ops;
    pi->inode.file_ops = &anonymous_file_ops;
    pi->inode.private = &pi->pipe;
    pipe_init(&pi->pipe);
    return &pi->inode;
}

int pipe_make(unsigned flags, struct file **read_end, struct file **write_end)
{
    struct inode *inode = make_pipe_inode();

    if (!inode)
        return -ENOMEM;
    flags &= O_NONBLOCK;
    struct file *reader = file_open(inode, NULL, O_RDONLY | flags);
    struct file *writer = IS_ERR(reader) ? reader : file_open(inode, NULL, O_WRONLY | flags);
    inode_put(inode);
    if (IS_ERR(writer)) {
        if (!IS_ERR(reader))
            file_put(reader);
        return -ENOMEM;
    }
    *read_end = reader;
    *write_end = writer;
    return 0;
}

/* --- FIFOs ----------------------------------------------------------------------------------- */

/* The FIFO's pipe, made when it is first opened. NULL: no memory. */
static struct pipe *pipe_of_fifo(struct inode *inode)
{
    mutex_lock(&inode->lock);
    if (!inode->private) {
        struct pipe *p = kmalloc(sizeof(*p));
        if (p)
            pipe_init(p);
        inode->private = p;
    }
    mutex_unlock(&inode->lock);
    return inode->private;
}

/* Waits for the other end: until it is open, or has been since (`opens` has moved on). */
static int wait_for_peer(struct wait_queue *queue, const u32 *peers, const u32 *opens, u32 seen)
{
    int err = wait_event_interruptible(queue, READ_ONCE(*peers) || READ_ONCE(*opens) != seen);

    return err ? -ERESTARTSYS : 0;
}

static int fifo_open(struct file *file)
{
    struct pipe *p = pipe_of_fifo(file->inode);
    unsigned access = file->access;

    if (!p)
        return -ENOMEM;
    mutex_lock(&p->lock);
    bool lonely_writer = access == FILE_WRITE && !p->readers;
    if (lonely_writer && file->flags & O_NONBLOCK) {
        mutex_unlock(&p->lock);
        return -ENXIO;
    }
    bool lonely_reader = access == FILE_READ && !p->writers && !(file->flags & O_NONBLOCK);
    attach(p, file);
    u32 seen = access == FILE_READ ? p->writer_opens : p->reader_opens;
    mutex_unlock(&p->lock);
    wake_all(&p->can_read);
    wake_all(&p->can_write);

    int err = 0;
    if (lonely_writer)
        err = wait_for_peer(&p->can_write, &p->readers, &p->reader_opens, seen);
    if (lonely_reader)
        err = wait_for_peer(&p->can_read, &p->writers, &p->writer_opens, seen);
    if (err)
        pipe_file_release(file);
    return err;
}

const struct file_ops fifo_file_ops = {.open = fifo_open};

void fifo_release(struct inode *inode)
{
    struct pipe *p = inode->private;

    if (p)
        drain(p);
    kfree(p);
}
