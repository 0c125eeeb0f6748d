/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UARTs of the 16550 family: ns16550a, and Synopsys' DesignWare APB UART.
 *
 * The line is left as firmware set it up (115200 8N1): its clock is not ours to know, and a
 * DesignWare UART loses writes to LCR while it is busy. Registers may lie 1, 2 or 4 bytes apart
 * (reg-shift) and want accesses of a certain width (reg-io-width).
 *
 * Output goes to a ring that the transmit interrupt empties; log lines first send what is in the ring,
 * so both stay in order. Every wait for the hardware is bounded: a dead UART costs characters, not the
 * machine. Lock: uart->lock guards ring and registers; a panic ignores it.
 *
 * Sources: TI PC16550D data sheet (registers); Linux serial bindings; JH7110 TRM and 8250_dw for USR.
 */
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <base/log.h>
#include <base/spinlock.h>
#include <drivers/driver.h>
#include <fs/dev.h>
#include <fs/tty.h>
#include <lib/errno.h>
#include <lib/fmt.h>
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
#define IIR_NONE      0x01
#define IIR_BUSY      0x07
#define FCR_ENABLE    BIT(0)
#define MCR_OUT2      BIT(3) /* gates the interrupt line on PC-style parts */
#define LSR_DATA      BIT(0)
#define LSR_THR_EMPTY BIT(5)
#define LSR_ALL_SENT  BIT(6)

#define RING 4096 /* a power of two */
#define FIFO 16
/* Reads of LSR; a byte at 9600 baud takes 1 ms, and a read is not faster than some 50 ns. */
#define POLLS_MOST 100000

struct uart {
    struct tty_driver tty;
    struct console console;
    struct spinlock lock;
    u8 *regs;
    u32 shift;
    u32 width;
    bool designware;
    bool has_irq;
    bool dead; /* stopped answering: output is dropped */
    u8 ier;
    u32 head, tail; /* free-running; head - tail bytes wait */
    char name[8];
    u8 ring[RING];
};

static u32 count;

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

static irqflags_t lock(struct uart *u)
{
    return log_broken() ? arch_irq_save() : spin_lock(&u->lock);
}

static void unlock(struct uart *u, irqflags_t flags)
{
    if (log_broken())
        arch_irq_restore(flags);
    else
        spin_unlock(&u->lock, flags);
}

static bool wait_for(struct uart *u, u8 bit)
{
    for (u32 i = 0; i < POLLS_MOST; i++)
        if (get(u, LSR) & bit)
            return true;
    u->dead = true;
    return false;
}

static void set_ier(struct uart *u, u8 bits)
{
    if (u->ier == bits)
        return;
    u->ier = bits;
    put(u, IER, bits);
}

/* Fills the FIFO when it is empty (THR empty means all of it), asks for an interrupt if more waits. */
static void push(struct uart *u)
{
    if (u->head != u->tail && get(u, LSR) & LSR_THR_EMPTY) {
        u->dead = false;
        for (u32 n = 0; n < FIFO && u->head != u->tail; n++)
            put(u, THR, u->ring[u->tail++ % RING]);
    }
    set_ier(u, u->head != u->tail ? u->ier | IER_TRANSMIT : u->ier & (u8)~IER_TRANSMIT);
}

static void flush_ring(struct uart *u)
{
    while (u->head != u->tail && !u->dead)
        if (wait_for(u, LSR_THR_EMPTY))
            push(u);
}

static void send_polled(struct uart *u, u8 byte)
{
    if (u->dead && !(get(u, LSR) & LSR_THR_EMPTY))
        return;
    u->dead = false;
    if (wait_for(u, LSR_THR_EMPTY))
        put(u, THR, byte);
}

static void console_out(struct console *con, const char *text, size_t len)
{
    struct uart *u = container_of(con, struct uart, console);
    irqflags_t flags = lock(u);
    flush_ring(u);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            send_polled(u, '\r');
        send_polled(u, (u8)text[i]);
    }
    unlock(u, flags);
}

static struct uart *uart_of(struct tty_driver *driver)
{
    return container_of(driver, struct uart, tty);
}

static size_t uart_write(struct tty_driver *driver, const u8 *bytes, size_t len)
{
    struct uart *u = uart_of(driver);
    irqflags_t flags = lock(u);
    size_t n = 0;
    for (; n < len && u->head - u->tail < RING; n++)
        u->ring[u->head++ % RING] = bytes[n];
    if (u->has_irq)
        push(u);
    else
        flush_ring(u);
    unlock(u, flags);
    return n;
}

static size_t uart_room(struct tty_driver *driver)
{
    struct uart *u = uart_of(driver);
    return RING - (READ_ONCE(u->head) - READ_ONCE(u->tail));
}

static void uart_drain(struct tty_driver *driver)
{
    struct uart *u = uart_of(driver);
    irqflags_t flags = lock(u);
    flush_ring(u);
    if (!u->dead)
        wait_for(u, LSR_ALL_SENT);
    unlock(u, flags);
}

static size_t receive(struct uart *u, u8 *bytes, size_t most)
{
    size_t n = 0;
    irqflags_t flags = lock(u);
    while (n < most && get(u, LSR) & LSR_DATA)
        bytes[n++] = get(u, RBR);
    unlock(u, flags);
    return n;
}

static int uart_poll(struct tty_driver *driver)
{
    u8 byte;
    return receive(uart_of(driver), &byte, 1) ? byte : -1;
}

/* Sends what the interrupt asks for; true when the ring has come to have room again. */
static bool transmit(struct uart *u)
{
    irqflags_t flags = lock(u);
    if (u->designware && (get(u, IIR) & IIR_ID) == IIR_BUSY)
        get(u, DW_USR); /* else it never stops asking */
    bool was_full = u->head - u->tail > RING / 2;
    push(u);
    bool room = was_full && u->head - u->tail <= RING / 2;
    unlock(u, flags);
    return room;
}

static void uart_interrupt(void *arg)
{
    struct uart *u = arg;
    u8 bytes[FIFO];
    size_t n;
    while ((n = receive(u, bytes, sizeof(bytes))))
        tty_receive(u->tty.tty, bytes, n);
    if (transmit(u))
        tty_write_wakeup(u->tty.tty);
}

static int read_layout(struct uart *u, const struct fdt *fdt, int node)
{
    u->designware = fdt_compatible(fdt, node, "snps,dw-apb-uart");
    u->width = 1;
    fdt_get_u32(fdt, node, "reg-shift", &u->shift);
    fdt_get_u32(fdt, node, "reg-io-width", &u->width);
    bool sound = u->shift <= 2 && (u->width == 1 || u->width == 2 || u->width == 4);
    return sound && u->width <= 1u << u->shift ? 0 : -EINVAL;
}

static void start(struct uart *u, const struct fdt *fdt, int node)
{
    u->ier = get(u, IER) & IER_KEEP;
    put(u, IER, u->ier);
    put(u, FCR, FCR_ENABLE); /* on, nothing thrown away: firmware's last words may be in it */
    put(u, MCR, get(u, MCR) | MCR_OUT2);
    u->has_irq = !driver_irq(fdt, node, 0, uart_interrupt, u);
    if (u->has_irq)
        set_ier(u, u->ier | IER_RECEIVE);
    else
        u->tty.poll_char = uart_poll;
}

static int ns16550_probe(const struct fdt *fdt, int node)
{
    struct uart *u = kzalloc(sizeof(*u));
    u64 size;
    if (!u)
        return -ENOMEM;
    int err = read_layout(u, fdt, node);
    if (!err && !(u->regs = driver_map(fdt, node, 0, &size)))
        err = -ENXIO;
    if (!err && size < (u64)(LSR + 1) << u->shift)
        err = -EINVAL;
    if (err) {
        kfree(u);
        return err;
    }
    spin_init(&u->lock, "uart");
    fmt_snprintf(u->name, sizeof(u->name), "ttyS%u", count);
    u->tty = (struct tty_driver){.name = u->name,
                                 .dev = DEV(4, 64 + count),
                                 .write = uart_write,
                                 .room = uart_room,
                                 .drain = uart_drain};
    count++;
    u->console = (struct console){.name = u->name, .write = console_out};
    bool is_stdout = fdt_stdout(fdt, NULL) == node;
    err = tty_register(&u->tty, is_stdout);
    if (err)
        return err; /* the device stays unused; its memory too, at boot only */
    start(u, fdt, node);
    if (is_stdout)
        console_register(&u->console);
    log_info("serial: %s is %s%s%s", u->name, u->designware ? "DesignWare" : "16550",
             u->has_irq ? "" : ", polled", is_stdout ? ", console" : "");
    return 0;
}

DRIVER(ns16550, DRIVER_DEVICE, ns16550_probe, "ns16550a", "ns16550", "snps,dw-apb-uart");
