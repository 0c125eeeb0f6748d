/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals: the meeting point of a serial driver, the line discipline, and the job control of
 * sessions.
 *
 * A driver registers a struct tty_driver and calls tty_receive() from its interrupt. For a device
 * without interrupts it sets poll_char instead, and the tty polls it from a timer.
 *
 * The kernel log and the terminal share one UART: the driver's own lock keeps the bytes of one
 * write() together, and its console->write first sends what its output ring still holds.
 *
 * Locks: tty->lock (spinlock) guards the line discipline, session and foreground group. The
 * driver's lock comes after it. Signals are sent after it is released.
 */
#pragma once

#include <base/spinlock.h>
#include <base/wait.h>
#include <fs/dev.h>
#include <fs/ldisc.h>

struct tty;

struct tty_driver {
    const char *name; /* in /dev, such as "ttyS0" */
    u32 dev;          /* DEV(4, 64 + n) for UARTs; 0: chosen by tty_register */

    /*
     * Sends up to len bytes without sleeping; returns how many were accepted (a ring that is
     * full accepts fewer, and the driver calls tty_write_wakeup() from its interrupt when it has
     * room again; a driver that polls accepts all). Called with interrupts off, also from
     * interrupts (echo) on any cpu; takes the driver's own lock.
     */
    size_t (*write)(struct tty_driver *driver, const u8 *bytes, size_t len);

    /* Bytes that write() would accept now. NULL: always enough. */
    size_t (*room)(struct tty_driver *driver);

    /* Waits, by polling and with a bound, until everything is on the wire. NULL: nothing to do. */
    void (*drain)(struct tty_driver *driver);

    /* One received byte, or -1. Set by devices without a receive interrupt, else NULL. */
    int (*poll_char)(struct tty_driver *driver);

    struct tty *tty; /* set by tty_register */
};

/*
 * Makes a terminal of a device: /dev/<name>. The first one registered, and any later one with
 * `console` set, becomes /dev/console. Level INIT_MM or later. -ENOMEM, -EEXIST.
 */
int tty_register(struct tty_driver *driver, bool console);

/* Bytes from the line, from the driver's interrupt or any other context, no lock held. */
void tty_receive(struct tty *tty, const u8 *bytes, size_t len);
void tty_receive_char(struct tty *tty, u8 byte);

/* The driver's output ring has room again. Interrupt context allowed; no driver lock held. */
void tty_write_wakeup(struct tty *tty);

struct process;

/* For /proc/<pid>/stat: the device number of the process's terminal and its foreground group. */
u32 tty_dev_of(struct process *process, int *foreground);
