/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SiFive's UART (FU540, FU740). 32-bit registers, an 8-byte FIFO in each direction, level interrupts
 * that end when the FIFO is on the right side of its watermark.
 *
 * Source: SiFive FU540-C000 Manual, chapter "Universal Asynchronous Receiver/Transmitter". The baud rate
 * is left as firmware set it.
 */
#include <arch/mmio.h>
#include <drivers/driver.h>
#include <drivers/serial_port.h>
#include <lib/errno.h>
#include <mm/slab.h>

#define TXDATA 0x00
#define RXDATA 0x04
#define TXCTRL 0x08
#define RXCTRL 0x0c
#define IE     0x10
#define IP     0x14
#define SPAN   0x1c

#define TXDATA_FULL    BIT(31)
#define RXDATA_EMPTY   BIT(31)
#define CTRL_ENABLE    BIT(0)
#define WATERMARK(n)   ((u32)(n) << 16)
#define WATERMARK_MASK (7u << 16)
#define IRQ_TRANSMIT   BIT(0) /* fewer entries than the transmit watermark */
#define IRQ_RECEIVE    BIT(1) /* more entries than the receive watermark */

struct uart {
    struct serial_port port;
    u8 *regs;
};

static struct uart *uart_of(struct serial_port *port)
{
    return container_of(port, struct uart, port);
}

static size_t uart_send(struct serial_port *port, const u8 *bytes, size_t len)
{
    u8 *regs = uart_of(port)->regs;
    size_t n = 0;
    while (n < len && !(mmio_read32(regs + TXDATA) & TXDATA_FULL))
        mmio_write32(regs + TXDATA, bytes[n++]);
    return n;
}

/* Reading takes the byte out, so the value that was tested is the value that counts. */
static int uart_receive(struct serial_port *port)
{
    u32 data = mmio_read32(uart_of(port)->regs + RXDATA);
    return data & RXDATA_EMPTY ? -1 : (int)(data & 0xff);
}

/* With a watermark of 1, "transmit" is pending when the FIFO is empty; the shift register is not seen. */
static bool uart_sent(struct serial_port *port)
{
    return mmio_read32(uart_of(port)->regs + IP) & IRQ_TRANSMIT;
}

static void uart_enable(struct serial_port *port, bool receive, bool transmit)
{
    u32 bits = (receive ? (u32)IRQ_RECEIVE : 0) | (transmit ? (u32)IRQ_TRANSMIT : 0);
    mmio_write32(uart_of(port)->regs + IE, bits);
}

static const struct serial_ops sifive_ops = {
    .send = uart_send, .receive = uart_receive, .sent = uart_sent, .enable = uart_enable};

static void set_watermark(u8 *reg, u32 entries)
{
    u32 rest = mmio_read32(reg) & ~WATERMARK_MASK;
    mmio_write32(reg, rest | WATERMARK(entries) | (u32)CTRL_ENABLE);
}

static int sifive_uart_probe(const struct fdt *fdt, int node)
{
    u64 size;
    struct uart *u = kzalloc(sizeof(*u));
    if (!u)
        return -ENOMEM;
    u->regs = driver_map(fdt, node, 0, &size);
    int err = !u->regs ? -ENXIO : size < SPAN ? -EINVAL : 0;
    if (!err) {
        set_watermark(u->regs + TXCTRL, 1);
        set_watermark(u->regs + RXCTRL, 0);
        u->port.ops = &sifive_ops;
        err = serial_register(&u->port, fdt, node, "SiFive");
    }
    if (err)
        kfree(u);
    return err;
}

DRIVER(sifive_uart, DRIVER_DEVICE, sifive_uart_probe, "sifive,uart0");
