/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all UARTs have in common: a ring of output, the terminal, the console of the log. A driver
 * supplies the few operations on its registers.
 *
 * Output goes to the ring, which the transmit interrupt empties; log lines first send what is in the
 * ring, so both stay in order. Every wait for the hardware is bounded: a dead UART costs characters, not
 * the machine. The hardware holds 8 or 16 received bytes, fewer than come while a log line is sent with
 * interrupts off: such waits put them aside, for the interrupt that follows.
 *
 * Lock: port->lock guards ring and registers; the operations are called with it held,
 * interrupts off. A panic ignores it.
 */
#pragma once

#include <base/log.h>
#include <base/spinlock.h>
#include <fs/tty.h>
#include <kernel/power.h>
#include <lib/fdt.h>
#include <lib/types.h>

#define SERIAL_RING 4096 /* a power of two */

struct serial_port;

struct serial_ops {
    /* Hands bytes to the hardware without waiting; returns how many it took. */
    size_t (*send)(struct serial_port *port, const u8 *bytes, size_t len);
    /* One received byte, or -1. */
    int (*receive)(struct serial_port *port);
    /* True when nothing is on its way any more. */
    bool (*sent)(struct serial_port *port);
    /* Which interrupts the hardware is to raise. */
    void (*enable)(struct serial_port *port, bool receive, bool transmit);
    /* What else an interrupt may want; NULL: nothing. */
    void (*quirk)(struct serial_port *port);
};

struct serial_port {
    const struct serial_ops *ops;
    struct tty_driver tty;
    struct console console;
    struct power_handler power;
    struct spinlock lock;
    bool has_irq;
    bool receiving; /* the terminal is open and has room: received bytes are ours to take */
    bool sending;   /* the transmit interrupt is asked for */
    bool crowded;   /* somebody may wait for room: the transmit interrupt tells them */
    bool dead;      /* stopped answering: output is dropped until it does again */
    u32 head, tail; /* of ring; free-running, head - tail bytes wait to be sent */
    u32 aside_head, aside_tail;
    char name[8];
    u8 ring[SERIAL_RING];
    u8 aside[SERIAL_RING]; /* received in a wait; as many as are sent meanwhile, at one speed */
};

/*
 * Makes a terminal, and if the tree's stdout-path names it the console, of a port whose registers are
 * mapped and whose ops are set. kind is for the log. 0 or the error of tty_register().
 */
int serial_register(struct serial_port *port, const struct fdt *fdt, int node, const char *kind);
