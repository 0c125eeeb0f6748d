/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UARTs of the 16550 family: ns16550a, and Synopsys' DesignWare APB UART.
 *
 * The line is left as firmware set it up (115200 8N1): its clock is not ours to know, and a
 * DesignWare UART loses writes to LCR while it is busy. Registers may lie 1, 2 or 4 bytes apart
 * (reg-shift) and want accesses of a certain width (reg-io-width).
 *
 * Sources: TI PC16550D data sheet (registers); Linux serial bindings; 8250_dw for USR.
 */
#include "ns16550_tree.h"
#include <arch/mmio.h>
#include <drivers/driver.h>
#include <drivers/serial_port.h>
#include <lib/errno.h>
#include <mm/slab.h>

#define RBR    0 /* read: received byte */
#define THR    0 /* write: byte to send */
#define IER    1
#define IIR    2
#define FCR    2
#define MCR    4
#define LSR    5
#define DW_USR 31

#define IER_RECEIVE  BIT(0)
#define IER_TRANSMIT BIT(1)
/* PXA-family UARTs (intel,xscale-uart and kin) have their unit enable here: kept as it is. */
#define IER_KEEP      BIT(6)
#define IIR_ID        0x0f
#define IIR_BUSY      0x07
#define FCR_ENABLE    BIT(0)
#define MCR_OUT2      BIT(3) /* gates the interrupt line on PC-style parts */
#define LSR_DATA      BIT(0)
#define LSR_THR_EMPTY BIT(5)
#define LSR_ALL_SENT  BIT(6)

#define FIFO 16

struct uart {
    struct serial_port port;
    u8 *regs;
    u32 shift;
    u32 width;
    u8 ier_kept;
    bool designware;
};

static struct uart *uart_of(struct serial_port *port)
{
    return container_of(port, struct uart, port);
}

static u8 get(struct uart *u, u32 reg)
{
    u8 *at = u->regs + (reg << u->shift);
    return u->width == 4   ? (u8)mmio_read32(at)
           : u->width == 2 ? (u8)mmio_read16(at)
                           : mmio_read8(at);
}

static void put(struct uart *u, u32 reg, u8 value)
{
    u8 *at = u->regs + (reg << u->shift);
    if (u->width == 4)
        mmio_write32(at, value);
    else if (u->width == 2)
        mmio_write16(at, value);
    else
        mmio_write8(at, value);
}

/* "THR empty" means that the whole FIFO is. */
static size_t uart_send(struct serial_port *port, const u8 *bytes, size_t len)
{
    struct uart *u = uart_of(port);
    if (!(get(u, LSR) & LSR_THR_EMPTY))
        return 0;
    size_t n = MIN(len, (size_t)FIFO);
    for (size_t i = 0; i < n; i++)
        put(u, THR, bytes[i]);
    return n;
}

static int uart_receive(struct serial_port *port)
{
    struct uart *u = uart_of(port);
    return get(u, LSR) & LSR_DATA ? get(u, RBR) : -1;
}

static bool uart_sent(struct serial_port *port)
{
    return get(uart_of(port), LSR) & LSR_ALL_SENT;
}

static void uart_enable(struct serial_port *port, bool receive, bool transmit)
{
    struct uart *u = uart_of(port);
    u32 bits = u->ier_kept | (receive ? IER_RECEIVE : 0) | (transmit ? IER_TRANSMIT : 0);
    put(u, IER, (u8)bits);
}

/* Busy detect: a write to LCR was lost. Reading USR ends it; else the interrupt never stops. */
static void designware_quirk(struct serial_port *port)
{
    struct uart *u = uart_of(port);
    if ((get(u, IIR) & IIR_ID) == IIR_BUSY)
        get(u, DW_USR);
}

static const struct serial_ops ns16550_ops = {
    .send = uart_send, .receive = uart_receive, .sent = uart_sent, .enable = uart_enable};

static const struct serial_ops designware_ops = {.send = uart_send,
                                                 .receive = uart_receive,
                                                 .sent = uart_sent,
                                                 .enable = uart_enable,
                                                 .quirk = designware_quirk};

static int read_layout(struct uart *u, const struct fdt *fdt, int node)
{
    u64 size;
    u->designware = fdt_compatible(fdt, node, "snps,dw-apb-uart");
    if (!ns16550_read_layout(fdt, node, &u->shift, &u->width))
        return -EINVAL;
    u->regs = driver_map(fdt, node, 0, &size);
    if (!u->regs)
        return -ENXIO;
    return size < (u64)(u->designware ? DW_USR + 1 : LSR + 1) << u->shift ? -EINVAL : 0;
}

/* The FIFO is turned on and nothing thrown away: firmware's last words may be in it. */
static void set_up(struct uart *u)
{
    u->ier_kept = get(u, IER) & IER_KEEP;
    put(u, FCR, FCR_ENABLE);
    put(u, MCR, get(u, MCR) | MCR_OUT2);
}

static int ns16550_probe(const struct fdt *fdt, int node)
{
    struct uart *u = kzalloc(sizeof(*u));
    if (!u)
        return -ENOMEM;
    int err = read_layout(u, fdt, node);
    if (!err) {
        set_up(u);
        u->port.ops = u->designware ? &designware_ops : &ns16550_ops;
        err = serial_register(&u->port, fdt, node, u->designware ? "DesignWare" : "16550");
    }
    if (err)
        kfree(u);
    return err;
}

DRIVER(ns16550, DRIVER_DEVICE, ns16550_probe, "ns16550a", "ns16550", "snps,dw-apb-uart");
