/* SPDX-License-Identifier: BSD-2-Clause */
// sources: drivers/serial/port.c tests/host/hostmachine.c kernel/base/percpu.c kernel/base/spinlock.c
// sources: lib/fmt.c lib/num.c lib/string_extra.c
/*
 * The ring of a serial port between its four users: the terminal, the log, the transmit interrupt, and a
 * UART that takes bytes when it likes. Bytes come out in order, and who waits for room is told of it.
 */
#include "hostmachine.h"
#include <drivers/driver.h>
#include <drivers/serial_port.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* --- the UART -------------------------------------------------------------------------------- */

static size_t willing; /* bytes that it takes before its FIFO is full */
static bool transmit_on;
static char wire[65536];
static size_t sent;

static size_t uart_send(struct serial_port *port, const u8 *bytes, size_t len)
{
    size_t n = MIN(len, willing);

    (void)port;
    assert_true(sent + n <= sizeof(wire));
    memcpy(wire + sent, bytes, n);
    sent += n;
    willing -= n;
    return n;
}

static int uart_receive(struct serial_port *port)
{
    (void)port;
    return -1;
}

static bool uart_sent(struct serial_port *port)
{
    (void)port;
    return true;
}

static void uart_enable(struct serial_port *port, bool receive, bool transmit)
{
    (void)port;
    (void)receive;
    transmit_on = transmit;
}

static const struct serial_ops ops = {
    .send = uart_send, .receive = uart_receive, .sent = uart_sent, .enable = uart_enable};

/* --- what the port asks the kernel ----------------------------------------------------------- */

static unsigned wakes;
static void (*interrupt)(void *arg);
static struct serial_port *interrupt_port;

int tty_register(struct tty_driver *driver, bool console)
{
    (void)driver;
    (void)console;
    return 0;
}

void tty_write_wakeup(struct tty *tty)
{
    (void)tty;
    wakes++;
}

void tty_receive(struct tty *tty, const u8 *bytes, size_t len)
{
    (void)tty;
    (void)bytes;
    (void)len;
    fail();
}

int driver_irq(const struct fdt *fdt, int node, u32 index, void (*handler)(void *arg), void *arg)
{
    (void)fdt;
    (void)node;
    (void)index;
    interrupt = handler;
    interrupt_port = arg;
    return 0;
}

int fdt_stdout(const struct fdt *fdt, const char **options)
{
    (void)fdt;
    (void)options;
    return 0;
}

void console_register(struct console *con)
{
    (void)con;
}

void power_register(struct power_handler *handler)
{
    (void)handler;
}

bool log_broken(void)
{
    return false;
}

/* --- tests ----------------------------------------------------------------------------------- */

static struct serial_port port;

static int set_up(void **state)
{
    (void)state;
    memset(&port, 0, sizeof(port));
    port.ops = &ops;
    willing = sent = 0;
    wakes = 0;
    return serial_register(&port, NULL, 0, "a test");
}

/* As the hardware would: the transmit interrupt comes for as long as it is asked for and there is room. */
static void let_send(size_t bytes)
{
    for (willing = bytes; willing && transmit_on;)
        interrupt(interrupt_port);
}

/* Writes what fits; the bytes count upwards. */
static size_t fill(size_t at, size_t most)
{
    size_t n = 0;

    while (n < most && port.tty.room(&port.tty)) {
        u8 byte = (u8)('a' + (at + n) % 26);
        assert_int_equal(port.tty.write(&port.tty, &byte, 1), 1);
        n++;
    }
    return n;
}

static void expect_in_order(size_t from, size_t count)
{
    assert_int_equal(sent, from + count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(wire[from + i], 'a' + i % 26);
}

static void test_interrupt_empties_the_ring(void **state)
{
    (void)state;
    assert_int_equal(fill(0, 100), 100);
    assert_true(transmit_on);
    let_send(1000);
    expect_in_order(0, 100);
    assert_false(transmit_on);
    assert_int_equal(wakes, 0); /* nobody could have waited */
}

static void test_room_is_told_once(void **state)
{
    (void)state;
    assert_int_equal(fill(0, SIZE_MAX), SERIAL_RING);
    let_send(SERIAL_RING / 2 - 1);
    assert_int_equal(wakes, 0);
    let_send(1);
    assert_int_equal(wakes, 1);
    let_send(SERIAL_RING);
    assert_int_equal(wakes, 1);
    expect_in_order(0, SERIAL_RING);
    assert_false(transmit_on);
}

/* A line of the log from another cpu empties the ring on its way; who waits must hear of it. */
static void test_log_tells_who_waits(void **state)
{
    (void)state;
    assert_int_equal(fill(0, SIZE_MAX), SERIAL_RING);
    willing = SIZE_MAX;
    port.console.write(&port.console, "xyz\n", 4);
    assert_int_equal(sent, SERIAL_RING + 5);
    assert_memory_equal(wire + SERIAL_RING, "xyz\r\n", 5);
    assert_true(transmit_on);
    let_send(1);
    assert_int_equal(wakes, 1);
    assert_false(transmit_on);
}

static void test_drain_tells_who_waits(void **state)
{
    (void)state;
    assert_int_equal(fill(0, SIZE_MAX), SERIAL_RING);
    willing = SIZE_MAX;
    port.tty.drain(&port.tty);
    expect_in_order(0, SERIAL_RING);
    let_send(1);
    assert_int_equal(wakes, 1);
}

/* A UART that has stopped costs characters, not the machine; and it may come back. */
static void test_dead_port_comes_back(void **state)
{
    (void)state;
    port.console.write(&port.console, "lost", 4);
    assert_true(port.dead);
    assert_int_equal(sent, 0);
    willing = SIZE_MAX;
    port.console.write(&port.console, "seen", 4);
    assert_memory_equal(wire, "seen", 4);
    assert_false(port.dead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_interrupt_empties_the_ring, set_up),
        cmocka_unit_test_setup(test_room_is_told_once, set_up),
        cmocka_unit_test_setup(test_log_tells_who_waits, set_up),
        cmocka_unit_test_setup(test_drain_tells_who_waits, set_up),
        cmocka_unit_test_setup(test_dead_port_comes_back, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
