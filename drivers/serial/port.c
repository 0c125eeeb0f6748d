/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a UART's driver that knows no register: see <drivers/serial_port.h>. */
#include <drivers/driver.h>
#include <drivers/serial_port.h>
#include <fs/dev.h>
#include <lib/fmt.h>

/* Looks at the hardware; a byte at 9600 baud takes 1 ms, and a look is not faster than some 50 ns. */
#define POLLS_MOST 100000
#define BURST      16

#define BEFORE_ALL_OTHERS 1000 /* priority on the way to power-off */

static u32 count;

static irqflags_t lock(struct serial_port *p)
{
    return log_broken() ? arch_irq_save() : spin_lock(&p->lock);
}

static void unlock(struct serial_port *p, irqflags_t flags)
{
    if (log_broken())
        arch_irq_restore(flags);
    else
        spin_unlock(&p->lock, flags);
}

static void want_transmit(struct serial_port *p, bool on)
{
    if (!p->has_irq || p->sending == on)
        return;
    p->sending = on;
    p->ops->enable(p, p->receiving, on);
}

static bool is_crowded(const struct serial_port *p)
{
    return p->head - p->tail > SERIAL_RING / 2;
}

/*
 * Interrupts as they are needed: if more waits to be sent; if somebody waits for room that has come
 * meanwhile, since whoever empties the ring for the log is in no position to wake anybody; and for
 * bytes put aside, since the transmitter is soon idle.
 */
static void ask_for_interrupts(struct serial_port *p)
{
    bool aside = p->receiving && p->aside_head != p->aside_tail;
    want_transmit(p, aside || p->head != p->tail || p->crowded);
}

static void put_aside(struct serial_port *p)
{
    int byte;
    if (log_broken())
        return;
    while (p->receiving && p->aside_head - p->aside_tail < SERIAL_RING &&
           (byte = p->ops->receive(p)) >= 0)
        p->aside[p->aside_head++ % SERIAL_RING] = (u8)byte;
}

/* Moves what the hardware takes from the ring. */
static void push(struct serial_port *p)
{
    size_t sent = 1;
    while (p->head != p->tail && sent) {
        u32 at = p->tail % SERIAL_RING;
        size_t run = MIN((size_t)(p->head - p->tail), (size_t)(SERIAL_RING - at));
        sent = p->ops->send(p, p->ring + at, run);
        p->tail += (u32)sent;
        if (sent)
            p->dead = false;
    }
    ask_for_interrupts(p);
}

/* Waits, with a bound, until the hardware takes a byte again. A dead port is asked only once. */
static bool send_polled(struct serial_port *p, u8 byte)
{
    u32 looks = p->dead ? 1 : POLLS_MOST;
    while (looks--) {
        if (p->ops->send(p, &byte, 1)) {
            p->dead = false;
            return true;
        }
        put_aside(p);
    }
    p->dead = true;
    return false;
}

static void flush_ring(struct serial_port *p)
{
    while (p->head != p->tail && send_polled(p, p->ring[p->tail % SERIAL_RING]))
        p->tail++;
    ask_for_interrupts(p);
}

static void console_out(struct console *con, const char *text, size_t len)
{
    struct serial_port *p = container_of(con, struct serial_port, console);
    irqflags_t flags = lock(p);
    flush_ring(p);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            send_polled(p, '\r');
        send_polled(p, (u8)text[i]);
    }
    ask_for_interrupts(p);
    unlock(p, flags);
}

static struct serial_port *port_of(struct tty_driver *driver)
{
    return container_of(driver, struct serial_port, tty);
}

static size_t port_write(struct tty_driver *driver, const u8 *bytes, size_t len)
{
    struct serial_port *p = port_of(driver);
    irqflags_t flags = lock(p);
    size_t n = 0;
    for (; n < len && p->head - p->tail < SERIAL_RING; n++)
        p->ring[p->head++ % SERIAL_RING] = bytes[n];
    p->crowded |= is_crowded(p);
    if (p->has_irq)
        push(p);
    else
        flush_ring(p);
    unlock(p, flags);
    return n;
}

/* The last line, up to 1.4 ms of it in the hardware, leaves before the power does. Takes no lock. */
static void see_it_sent(struct power_handler *handler, enum power_action action)
{
    struct serial_port *p = container_of(handler, struct serial_port, power);
    (void)action;
    for (u32 looks = p->dead ? 0 : POLLS_MOST; looks && !p->ops->sent(p); looks--)
        ;
}

static size_t port_room(struct tty_driver *driver)
{
    struct serial_port *p = port_of(driver);
    return SERIAL_RING - (READ_ONCE(p->head) - READ_ONCE(p->tail));
}

static void port_drain(struct tty_driver *driver)
{
    struct serial_port *p = port_of(driver);
    irqflags_t flags = lock(p);
    flush_ring(p);
    for (u32 looks = p->dead ? 0 : POLLS_MOST; looks && !p->ops->sent(p); looks--)
        put_aside(p);
    ask_for_interrupts(p);
    unlock(p, flags);
}

/* The next byte in the order of the line, or -1. */
static int next_byte(struct serial_port *p)
{
    if (p->aside_head != p->aside_tail)
        return p->aside[p->aside_tail++ % SERIAL_RING];
    return p->ops->receive(p);
}

static size_t receive(struct serial_port *p, u8 *bytes, size_t most)
{
    size_t n = 0;
    int byte;
    irqflags_t flags = lock(p);
    while (n < most && (byte = next_byte(p)) >= 0)
        bytes[n++] = (u8)byte;
    unlock(p, flags);
    return n;
}

static int port_poll(struct tty_driver *driver)
{
    u8 byte;
    return receive(port_of(driver), &byte, 1) ? byte : -1;
}

/* Sends what the interrupt asks for; true when the ring has come to have room again. */
static bool transmit(struct serial_port *p)
{
    irqflags_t flags = lock(p);
    if (p->ops->quirk)
        p->ops->quirk(p);
    bool was_crowded = p->crowded;
    p->crowded = false;
    push(p);
    p->crowded = is_crowded(p);
    unlock(p, flags);
    return was_crowded && !p->crowded;
}

static void port_interrupt(void *arg)
{
    struct serial_port *p = arg;
    u8 bytes[BURST];
    size_t n;
    while (p->receiving && (n = receive(p, bytes, sizeof(bytes))))
        tty_receive(p->tty.tty, bytes, n);
    if (transmit(p))
        tty_write_wakeup(p->tty.tty);
}

/* Somebody reads: from now on bytes are taken from the hardware. */
static void port_start(struct tty_driver *driver)
{
    struct serial_port *p = port_of(driver);
    irqflags_t flags = lock(p);
    p->receiving = true;
    if (p->has_irq)
        p->ops->enable(p, true, p->sending);
    ask_for_interrupts(p);
    unlock(p, flags);
}

static void port_stop(struct tty_driver *driver)
{
    struct serial_port *p = port_of(driver);
    irqflags_t flags = lock(p);
    p->receiving = false;
    if (p->has_irq)
        p->ops->enable(p, false, p->sending);
    unlock(p, flags);
}

static void attach(struct serial_port *p, const struct fdt *fdt, int node)
{
    p->ops->enable(p, false, false);
    p->has_irq = !driver_irq(fdt, node, 0, port_interrupt, p);
    if (!p->has_irq)
        p->tty.poll_char = port_poll;
}

int serial_register(struct serial_port *p, const struct fdt *fdt, int node, const char *kind)
{
    bool is_stdout = fdt_stdout(fdt, NULL) == node;
    spin_init(&p->lock, "uart");
    fmt_snprintf(p->name, sizeof(p->name), "ttyS%u", count);
    p->tty = (struct tty_driver){.name = p->name,
                                 .dev = DEV(4, 64 + count),
                                 .write = port_write,
                                 .room = port_room,
                                 .start = port_start,
                                 .stop = port_stop,
                                 .drain = port_drain};
    p->console = (struct console){.name = p->name, .write = console_out};
    int err = tty_register(&p->tty, is_stdout);
    if (err)
        return err;
    count++;
    attach(p, fdt, node);
    p->power =
        (struct power_handler){.name = p->name, .priority = BEFORE_ALL_OTHERS, .act = see_it_sent};
    power_register(&p->power);
    if (is_stdout)
        console_register(&p->console);
    log_info("serial: %s is %s%s%s", p->name, kind, p->has_irq ? "" : ", polled",
             is_stdout ? ", console" : "");
    return 0;
}
