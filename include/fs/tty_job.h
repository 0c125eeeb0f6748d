/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions and job control of terminals; for fs/tty.c and fs/tty_job.c alone.
 */
#pragma once

#include <fs/tty.h>
#include <kernel/timer.h>

struct tty {
    struct spinlock lock;
    struct ldisc ldisc;
    int session;    /* id of the session whose controlling terminal this is, or 0 */
    int foreground; /* the process group that may read and gets the signals, or 0 */
    struct linux_winsize size;
    struct tty_driver *driver;
    struct thread *writer;        /* whose call is writing, or NULL; atomic */
    bool started;                 /* opened at least once: input is wanted */
    bool held;                    /* input is left in the device: the reader is behind */
    bool overflowing;             /* nobody reads: input that does not fit is thrown away */
    struct wait_queue read_wait;  /* input, or other settings */
    struct wait_queue write_wait; /* room, other settings, or the writer has ended */
    struct timer poll_timer;
    struct timer hold_timer;
    struct cdev cdev;
};

/*
 * Whether the current process may read, write (TOSTOP), change settings: 0; or it is in the
 * background of its own terminal and got a signal: -ERESTARTSYS; or that would not stop it: -EIO.
 */
int tty_check_read(struct tty *tty);
int tty_check_write(struct tty *tty);
int tty_check_change(struct tty *tty);

/* The current process's controlling terminal, or NULL. */
struct tty *tty_current(void);

/* At open: a session leader without a terminal gets this one if it belongs to nobody. */
void tty_adopt(struct tty *tty);

/* The ioctls about sessions and groups; -ENOTTY for all others. */
long tty_job_ioctl(struct tty *tty, struct file *file, unsigned cmd, vaddr_t arg);
