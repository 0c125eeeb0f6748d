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
 * A session's terminal is session->tty (under process_lock), a terminal's session is tty->session.
 * A reader that is behind is waited for: a full line discipline leaves input in the device, which may
 * be able to hold back who sends (emulators can, a cable with three wires cannot). When nobody reads
 * for a second, what does not fit is thrown away instead, so that ^C comes through.
 *
 * Hanging up sends the signals and cuts that bond; descriptors stay usable.
 *
 * Locks: process_lock, then tty->lock (spinlock), which guards the line discipline, session and
 * foreground group; then the driver's lock. Signals are sent after all are released.
 */
#pragma once

#include <base/spinlock.h>
#include <base/wait.h>
#include <fs/dev.h>
#include <fs/ldisc.h>

struct tty;

struct tty_driver {
    const char *name; /* in /dev, such as "ttyS0" */
    u32 dev;          /* DEV(4, 64 + n) for UARTs */

    /*
     * Sends bytes without sleeping; returns how many were accepted. Never more bytes than room()
     * last said are given, but for echo, of which what is not accepted is lost. A driver with a
     * ring calls tty_write_wakeup() from its interrupt when it has room again; one that polls
     * accepts all. Called with interrupts off, also from interrupts, on any cpu; takes the
     * driver's own lock.
     */
    size_t (*write)(struct tty_driver *driver, const u8 *bytes, size_t len);

    /* Bytes that write() would accept now. NULL: any number, by polling. */
    size_t (*room)(struct tty_driver *driver);

    /* Waits, by polling and with a bound, until everything is on the wire. NULL: nothing to do. */
    void (*drain)(struct tty_driver *driver);

    /*
     * Input is wanted: somebody has opened the terminal for the first time. Until then the device
     * must leave received bytes alone, since firmware may be reading the same UART. Also undoes
     * stop(). Interrupts off. NULL: nothing to do.
     */
    void (*start)(struct tty_driver *driver);

    /*
     * Input has no room for now: received bytes are to stay in the device, until start() is called
     * again. Interrupts off, in a call of tty_receive() too. NULL: nothing to do.
     */
    void (*stop)(struct tty_driver *driver);

    /*
     * One received byte, or -1. Set by devices without a receive interrupt, else NULL; looked at
     * every 10 ms after start.
     */
    int (*poll_char)(struct tty_driver *driver);

    struct tty *tty; /* set by tty_register */
};

/*
 * Makes a terminal of a device: /dev/<name>. The first one registered, and any later one with
 * `console` set, becomes /dev/console. Level INIT_MM or later. -ENOMEM, -EEXIST.
 */
int tty_register(struct tty_driver *driver, bool console);

/* Whether a terminal has been registered as the console. */
bool tty_have_console(void);

/* Registers /dev/console and /dev/tty. At start-up. */
void tty_init(void);

/* Bytes from the line, from the driver's interrupt or any other context, no lock held. */
void tty_receive(struct tty *tty, const u8 *bytes, size_t len);
void tty_receive_char(struct tty *tty, u8 byte);

/* The driver's output ring has room again. Interrupt context allowed; no driver lock held. */
void tty_write_wakeup(struct tty *tty);

struct process;
struct proc_part;

/* For start-up: registered as PROC_PART_TTY. The end of a session's leader frees its terminal. */
extern const struct proc_part tty_part;

/* For /proc/<pid>/stat: the device number of the process's terminal and its foreground group. */
u32 tty_dev_of(struct process *process, int *foreground);
