/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals (see include/fs/tty.h): bytes in from drivers, reads and writes of programs, settings.
 * Sessions and job control are in tty_job.c.
 */
#include <fs/tty.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/poll.h>
#include <base/atomic.h>
#include <base/log.h>
#include <fs/poll.h>
#include <fs/tty_job.h>
#include <kernel/signal.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

#define POLL_NS    (10 * NSEC_PER_MSEC) /* how often a device without interrupts is looked at */
#define OUT_BYTES  128u                 /* sent to the driver at once, interrupts off */
#define EXPANSION  8u                   /* bytes that one byte can become on output (a tab) */
#define READ_BYTES 256u
#define HOLD_SPARE 64u          /* more than a driver hands over at once */
#define HOLD_NS    NSEC_PER_SEC /* how long a reader that is behind is waited for */

static struct tty *console;
static bool console_chosen; /* by a driver that said so, not by being the first */

/* --- output ---------------------------------------------------------------------------------- */

/* What the line discipline puts out, gathered for the driver. */
struct tty_out {
    struct ldisc_out out;
    struct tty *tty;
    size_t n;
    u8 bytes[OUT_BYTES];
};

static void flush_out(struct tty_out *to)
{
    if (to->n)
        to->tty->driver->write(to->tty->driver, to->bytes, to->n);
    to->n = 0;
}

static void put_out(struct ldisc_out *out, u8 byte)
{
    struct tty_out *to = container_of(out, struct tty_out, out);

    if (to->n == sizeof(to->bytes))
        flush_out(to);
    to->bytes[to->n++] = byte;
}

static void init_out(struct tty_out *to, struct tty *tty)
{
    to->out.put = put_out;
    to->tty = tty;
    to->n = 0;
}

static size_t room_of(struct tty *tty)
{
    return tty->driver->room ? tty->driver->room(tty->driver) : OUT_BYTES;
}

static bool can_write(struct tty *tty)
{
    return !READ_ONCE(tty->ldisc.stopped) && room_of(tty) >= EXPANSION;
}

/* Sends what fits now, processed. Returns the bytes consumed. */
static size_t write_now(struct tty *tty, const u8 *bytes, size_t n)
{
    struct tty_out to;
    size_t done = 0;
    irqflags_t flags = spin_lock(&tty->lock);
    size_t room = tty->ldisc.stopped ? 0 : MIN(room_of(tty), sizeof(to.bytes));

    init_out(&to, tty);
    while (done < n && to.n + EXPANSION <= room)
        ldisc_output(&tty->ldisc, bytes[done++], &to.out);
    flush_out(&to);
    spin_unlock(&tty->lock, flags);
    return done;
}

/* Sends n bytes, waiting as needed. Returns those sent, or an error when none were. */
static ssize_t write_chunk(struct tty *tty, struct file *file, const u8 *bytes, size_t n)
{
    size_t done = 0;
    int err = 0;

    while (!err && (done += write_now(tty, bytes + done, n - done)) < n) {
        if (file->flags & O_NONBLOCK)
            err = -EAGAIN;
        else if (wait_event_interruptible(&tty->write_wait, can_write(tty)))
            err = -ERESTARTSYS;
    }
    return done ? (ssize_t)done : err;
}

/* What one call writes stays together. True if the turn is the current thread's. */
static bool take_turn(struct tty *tty)
{
    struct thread *nobody = NULL, *me = current_thread();

    return atomic_load_relaxed(&tty->writer) == me || atomic_cas_acquire(&tty->writer, &nobody, me);
}

static int wait_turn(struct tty *tty, struct file *file)
{
    if (file->flags & O_NONBLOCK)
        return take_turn(tty) ? 0 : -EAGAIN;
    return wait_event_interruptible(&tty->write_wait, take_turn(tty)) ? -ERESTARTSYS : 0;
}

static void end_turn(struct tty *tty)
{
    atomic_store_release(&tty->writer, NULL);
    wake_all(&tty->write_wait);
}

static ssize_t write_all(struct tty *tty, struct file *file, struct iobuf *from)
{
    u8 bytes[64];
    size_t done = 0;
    ssize_t n = 0;

    while (!n && from->left) {
        size_t want = MIN(from->left, sizeof(bytes));

        n = iobuf_read(from, bytes, want);
        if (!n)
            n = write_chunk(tty, file, bytes, want);
        if (n > 0)
            done += (size_t)n;
        if ((size_t)n == want)
            n = 0;
    }
    return done ? (ssize_t)done : n;
}

static ssize_t tty_write(struct file *file, struct iobuf *from, u64 *pos)
{
    struct tty *tty = file->private;
    ssize_t n = tty_check_write(tty);

    (void)pos;
    if (!n)
        n = wait_turn(tty, file);
    if (n)
        return n;
    n = write_all(tty, file, from);
    end_turn(tty);
    return n;
}

void tty_write_wakeup(struct tty *tty)
{
    wake_all(&tty->write_wait);
}

/* --- input ----------------------------------------------------------------------------------- */

static void send_signals(int group, unsigned events)
{
    if (!group)
        return;
    if (events & LDISC_SIGINT)
        sig_kill_pgrp(group, SIGINT, NULL);
    if (events & LDISC_SIGQUIT)
        sig_kill_pgrp(group, SIGQUIT, NULL);
    if (events & LDISC_SIGTSTP)
        sig_kill_pgrp(group, SIGTSTP, NULL);
}

/* Leaves input in the device when there is no room for it. tty->lock is held, here and below. */
static void hold_input(struct tty *tty)
{
    if (tty->held || tty->overflowing || ldisc_accepts(&tty->ldisc, HOLD_SPARE))
        return;
    tty->held = true;
    timer_set_ns(&tty->hold_timer, time_now_ns() + HOLD_NS);
    if (tty->driver->stop)
        tty->driver->stop(tty->driver);
}

static void release_input(struct tty *tty)
{
    if (tty->held && tty->driver->start)
        tty->driver->start(tty->driver);
    tty->held = false;
}

/* Something was taken out of the line discipline. */
static void made_room(struct tty *tty)
{
    if (!ldisc_accepts(&tty->ldisc, HOLD_SPARE))
        return;
    tty->overflowing = false;
    release_input(tty);
}

static void hold_is_over(struct timer *timer)
{
    struct tty *tty = container_of(timer, struct tty, hold_timer);
    irqflags_t flags = spin_lock(&tty->lock);

    tty->overflowing = tty->held;
    release_input(tty);
    spin_unlock(&tty->lock, flags);
}

void tty_receive(struct tty *tty, const u8 *bytes, size_t len)
{
    struct tty_out to;
    unsigned events = 0;
    irqflags_t flags = spin_lock(&tty->lock);

    init_out(&to, tty);
    for (size_t i = 0; i < len; i++)
        events |= ldisc_input(&tty->ldisc, bytes[i], &to.out);
    flush_out(&to);
    hold_input(tty);
    int group = tty->foreground;
    spin_unlock(&tty->lock, flags);

    send_signals(group, events);
    if (events & LDISC_WAKE)
        wake_all(&tty->read_wait);
    if (events & LDISC_START)
        wake_all(&tty->write_wait);
}

void tty_receive_char(struct tty *tty, u8 byte)
{
    tty_receive(tty, &byte, 1);
}

/* The timer of a device that has no receive interrupt. */
static void poll_device(struct timer *timer)
{
    struct tty *tty = container_of(timer, struct tty, poll_timer);
    int byte;

    for (unsigned i = 0; i < OUT_BYTES && !READ_ONCE(tty->held); i++) {
        if ((byte = tty->driver->poll_char(tty->driver)) < 0)
            break;
        tty_receive_char(tty, (u8)byte);
    }
    timer_set_ns(timer, time_now_ns() + POLL_NS);
}

/* --- reading --------------------------------------------------------------------------------- */

/* How long and for how many bytes a read waits: VMIN and VTIME of raw mode. */
struct patience {
    size_t want; /* return when so many bytes can be read; 0: at once */
    u64 first;   /* ns from the start until giving up; WAIT_FOREVER */
    u64 between; /* ns from each byte on until giving up; WAIT_FOREVER */
};

static struct patience patience_of(const struct ldisc *ld, size_t len)
{
    u64 time = ld->termios.c_cc[VTIME] * (NSEC_PER_SEC / 10);
    size_t min = ld->termios.c_cc[VMIN];

    if (ld->termios.c_lflag & ICANON)
        return (struct patience){1, WAIT_FOREVER, WAIT_FOREVER};
    if (!min)
        return (struct patience){time ? 1 : 0, time, WAIT_FOREVER};
    return (struct patience){MIN(min, len), WAIT_FOREVER, time ? time : WAIT_FOREVER};
}

static size_t available(struct tty *tty)
{
    return READ_ONCE(tty->ldisc.commit) - READ_ONCE(tty->ldisc.head);
}

static u64 deadline_in(u64 ns)
{
    return ns == WAIT_FOREVER ? WAIT_FOREVER : time_now_ns() + ns;
}

/* Waits until a read may return. 0 (also when time is up), -EAGAIN, -ERESTARTSYS. */
static int wait_input(struct tty *tty, struct file *file, size_t len)
{
    struct patience p = patience_of(&tty->ldisc, len);
    size_t seen = available(tty);

    if (seen < p.want && file->flags & O_NONBLOCK)
        return -EAGAIN;
    while (seen < p.want) {
        u64 deadline = deadline_in(seen ? p.between : p.first);
        int err = wait_event_until(&tty->read_wait, available(tty) > seen, deadline, true);

        if (err)
            return err == -ETIMEDOUT ? 0 : -ERESTARTSYS;
        seen = available(tty);
    }
    return 0;
}

/* Takes what is there, at most a line in canonical mode. Sets *more when the line goes on. */
static size_t take_input(struct tty *tty, u8 *bytes, size_t n, bool *eof)
{
    irqflags_t flags = spin_lock(&tty->lock);
    size_t taken = ldisc_take(&tty->ldisc, bytes, n, eof);

    made_room(tty);
    spin_unlock(&tty->lock, flags);
    return taken;
}

/* Hands over input until the buffer is full or the line ends. Bytes moved, or -EFAULT. */
static ssize_t read_input(struct tty *tty, struct iobuf *to, bool *eof)
{
    bool canonical = tty->ldisc.termios.c_lflag & ICANON;
    u8 bytes[READ_BYTES];
    size_t done = 0;

    *eof = false;
    while (to->left && !*eof) {
        size_t n = take_input(tty, bytes, MIN(to->left, sizeof(bytes)), eof);

        if (n && iobuf_write(to, bytes, n))
            return done ? (ssize_t)done : -EFAULT;
        done += n;
        if (n < sizeof(bytes) || (canonical && bytes[n - 1] == '\n'))
            break;
    }
    return (ssize_t)done;
}

static ssize_t tty_read(struct file *file, struct iobuf *to, u64 *pos)
{
    struct tty *tty = file->private;
    bool eof = false;
    ssize_t n = 0;

    (void)pos;
    if (!to->left)
        return 0;
    do { /* somebody else may take the input that ended the wait */
        int err = tty_check_read(tty);
        if (!err)
            err = wait_input(tty, file, to->left);
        if (err)
            return err;
        n = read_input(tty, to, &eof);
    } while (!n && !eof && patience_of(&tty->ldisc, 1).first == WAIT_FOREVER);
    return n;
}

static u32 tty_poll(struct file *file, struct poll_table *table)
{
    struct tty *tty = file->private;
    u32 events = 0;

    poll_on(table, &tty->read_wait);
    poll_on(table, &tty->write_wait);
    irqflags_t flags = spin_lock(&tty->lock);
    if (ldisc_readable(&tty->ldisc))
        events |= POLLIN | POLLRDNORM;
    spin_unlock(&tty->lock, flags);
    if (can_write(tty))
        events |= POLLOUT | POLLWRNORM;
    return events;
}

/* --- settings -------------------------------------------------------------------------------- */

static int get_termios(struct tty *tty, vaddr_t arg)
{
    irqflags_t flags = spin_lock(&tty->lock);
    struct linux_termios termios = tty->ldisc.termios;

    spin_unlock(&tty->lock, flags);
    return copyout_obj(arg, &termios);
}

static void drain(struct tty *tty)
{
    if (tty->driver->drain)
        tty->driver->drain(tty->driver);
}

static int set_termios(struct tty *tty, unsigned cmd, vaddr_t arg)
{
    struct linux_termios termios;
    int err = copyin_obj(&termios, arg);

    if (!err)
        err = tty_check_change(tty);
    if (err)
        return err;
    if (cmd != TCSETS)
        drain(tty);
    irqflags_t flags = spin_lock(&tty->lock);
    ldisc_set_termios(&tty->ldisc, &termios);
    if (cmd == TCSETSF)
        ldisc_flush(&tty->ldisc);
    made_room(tty);
    spin_unlock(&tty->lock, flags);
    wake_all(&tty->read_wait);
    wake_all(&tty->write_wait);
    return 0;
}

static int get_size(struct tty *tty, vaddr_t arg)
{
    irqflags_t flags = spin_lock(&tty->lock);
    struct linux_winsize size = tty->size;

    spin_unlock(&tty->lock, flags);
    return copyout_obj(arg, &size);
}

static int set_size(struct tty *tty, vaddr_t arg)
{
    struct linux_winsize size;
    int err = copyin_obj(&size, arg);

    if (err)
        return err;
    irqflags_t flags = spin_lock(&tty->lock);
    bool changed = memcmp(&size, &tty->size, sizeof(size)) != 0;
    tty->size = size;
    int group = tty->foreground;
    spin_unlock(&tty->lock, flags);
    if (changed && group)
        sig_kill_pgrp(group, SIGWINCH, NULL);
    return 0;
}

/* tcflush: 0 input, 1 output (which is in the driver and soon gone), 2 both. */
static int flush(struct tty *tty, unsigned long queue)
{
    if (queue > 2)
        return -EINVAL;
    int err = tty_check_change(tty);
    if (err || queue == 1)
        return err;
    irqflags_t flags = spin_lock(&tty->lock);
    ldisc_flush(&tty->ldisc);
    made_room(tty);
    spin_unlock(&tty->lock, flags);
    return 0;
}

/* tcflow: 0 stops output, 1 starts it; 2 and 3 would send ^S and ^Q. */
static int flow(struct tty *tty, unsigned long action)
{
    if (action > 3)
        return -EINVAL;
    if (action < 2) {
        irqflags_t flags = spin_lock(&tty->lock);
        tty->ldisc.stopped = action == 0;
        spin_unlock(&tty->lock, flags);
    }
    wake_all(&tty->write_wait);
    return 0;
}

static int bytes_waiting(struct tty *tty, vaddr_t arg, size_t n)
{
    s32 count = (s32)n;

    (void)tty;
    return copyout_obj(arg, &count);
}

static long tty_ioctl(struct file *file, unsigned cmd, vaddr_t arg)
{
    struct tty *tty = file->private;

    switch (cmd) {
    case TCGETS:
        return get_termios(tty, arg);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(tty, cmd, arg);
    case TIOCGWINSZ:
        return get_size(tty, arg);
    case TIOCSWINSZ:
        return set_size(tty, arg);
    case TCFLSH:
        return flush(tty, arg);
    case TCXONC:
        return flow(tty, arg);
    case TCSBRK:
        drain(tty);
        return 0;
    case FIONREAD:
        return bytes_waiting(tty, arg, available(tty));
    case TIOCOUTQ:
        return bytes_waiting(tty, arg, 0);
    case TIOCEXCL:
    case TIOCNXCL:
        return 0;
    default:
        return tty_job_ioctl(tty, file, cmd, arg);
    }
}

/* --- opening --------------------------------------------------------------------------------- */

/* The first open: input is wanted from now on. */
static void start_input(struct tty *tty)
{
    irqflags_t flags = spin_lock(&tty->lock);

    if (!tty->started && tty->driver->start)
        tty->driver->start(tty->driver);
    if (!tty->started && tty->driver->poll_char)
        timer_set_ns(&tty->poll_timer, time_now_ns() + POLL_NS);
    tty->started = true;
    spin_unlock(&tty->lock, flags);
}

static int tty_open(struct file *file)
{
    start_input(file->private);
    if (!(file->flags & O_NOCTTY))
        tty_adopt(file->private);
    return 0;
}

static const struct file_ops tty_ops = {
    .stream = true,
    .open = tty_open,
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
};

/* Lets the file be that terminal, without making it the controlling one. */
static int become(struct file *file, struct tty *tty)
{
    if (!tty)
        return -ENXIO;
    start_input(tty);
    file->private = tty;
    file->ops = &tty_ops;
    return 0;
}

static int console_open(struct file *file)
{
    return become(file, console);
}

static int current_open(struct file *file)
{
    return become(file, tty_current());
}

static const struct file_ops console_ops = {.open = console_open};
static const struct file_ops current_ops = {.open = current_open};

void tty_init(void)
{
    static struct cdev console_dev = {
        .name = "console", .dev = DEV(5, 1), .mode = 0600, .ops = &console_ops};
    static struct cdev current_dev = {
        .name = "tty", .dev = DEV(5, 0), .mode = 0666, .ops = &current_ops};

    cdev_register(&console_dev);
    cdev_register(&current_dev);
}

bool tty_have_console(void)
{
    return console_chosen;
}

static struct tty *make_tty(struct tty_driver *driver)
{
    struct tty *tty = kzalloc(sizeof(*tty));

    if (!tty)
        return NULL;
    spin_init(&tty->lock, "tty");
    ldisc_init(&tty->ldisc);
    wait_queue_init(&tty->read_wait, "tty read");
    wait_queue_init(&tty->write_wait, "tty write");
    timer_init(&tty->poll_timer, poll_device);
    timer_init(&tty->hold_timer, hold_is_over);
    tty->driver = driver;
    tty->cdev = (struct cdev){
        .name = driver->name, .dev = driver->dev, .mode = 0620, .ops = &tty_ops, .private = tty};
    return tty;
}

int tty_register(struct tty_driver *driver, bool is_console)
{
    struct tty *tty = make_tty(driver);

    if (!tty)
        return -ENOMEM;
    int err = cdev_register(&tty->cdev);
    if (err) {
        kfree(tty);
        return err;
    }
    driver->tty = tty;
    if (!console || is_console)
        console = tty;
    console_chosen |= is_console;
    return 0;
}
