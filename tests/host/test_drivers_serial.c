/* SPDX-License-Identifier: BSD-2-Clause */
// sources: drivers/serial/port.c tests/host/hostmachine.c kernel/base/percpu.c kernel/base/spinlock.c
// sources: lib/fmt.c lib/num.c lib/string_extra.c
/*
 * The part that all UARTs share, on a UART whose line takes time, as a real one's does: while one byte
 * is sent another one is received, and what finds the FIFO full is lost. Emulators keep such bytes
 * back until there is room, so that no test on them can show a kernel that looks too late.
 */
#include "hostmachine.h"
#include <base/percpu.h>
#include <drivers/driver.h>
#include <drivers/serial_port.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* --- a UART ---------------------------------------------------------------------------------- */

#define BYTE_TIME 16 /* in looks at a register: some 5 us at 115200 baud */
#define TX_FIFO   16
#define RX_FIFO   8
#define TYPED     20000

static struct {
    struct serial_port port;
    struct tty_driver *tty; /* once it is registered */
    void (*handler)(void *arg);
    u64 now;
    bool dead;
    bool want_rx, want_tx;
    unsigned tx_held, rx_held, overruns, interrupts;
    u8 rx[RX_FIFO];
    size_t to_type, typed; /* how many bytes the person sends at once, and has */
    size_t sent, received;
    u8 got[TYPED];
} uart;

static u8 letter(size_t n)
{
    return (u8)(n * 7 + n / 256);
}

static void line_moves(void)
{
    uart.tx_held -= uart.tx_held && !uart.dead ? 1 : 0;
    if (uart.typed == uart.to_type)
        return;
    if (uart.rx_held == RX_FIFO)
        uart.overruns++;
    else
        uart.rx[uart.rx_held++] = letter(uart.typed);
    uart.typed++;
}

static void look(void)
{
    if (++uart.now % BYTE_TIME == 0)
        line_moves();
}

static size_t uart_send(struct serial_port *port, const u8 *bytes, size_t len)
{
    size_t n = 0;
    (void)port;
    (void)bytes;
    look();
    while (n < len && uart.tx_held < TX_FIFO) {
        uart.tx_held++;
        n++;
    }
    uart.sent += n;
    return n;
}

static int uart_receive(struct serial_port *port)
{
    (void)port;
    look();
    if (!uart.rx_held)
        return -1;
    u8 byte = uart.rx[0];
    memmove(uart.rx, uart.rx + 1, --uart.rx_held);
    return byte;
}

static bool uart_sent(struct serial_port *port)
{
    (void)port;
    look();
    return !uart.tx_held;
}

static void uart_enable(struct serial_port *port, bool receive, bool transmit)
{
    (void)port;
    uart.want_rx = receive;
    uart.want_tx = transmit;
}

static const struct serial_ops ops = {
    .send = uart_send, .receive = uart_receive, .sent = uart_sent, .enable = uart_enable};

/* Time passes with interrupts on; levels, as UARTs and PLICs have them. */
static void pass(unsigned looks)
{
    while (looks--) {
        look();
        if ((uart.want_rx && uart.rx_held) || (uart.want_tx && !uart.tx_held)) {
            uart.interrupts++;
            uart.handler(&uart.port);
        }
    }
}

/* --- what is around the port ----------------------------------------------------------------- */

static bool full; /* the terminal has no room */

int driver_irq(const struct fdt *fdt, int node, u32 index, void (*handler)(void *arg), void *arg)
{
    (void)fdt, (void)node, (void)index;
    assert_ptr_equal(arg, &uart.port);
    uart.handler = handler;
    return 0;
}

int fdt_stdout(const struct fdt *fdt, const char **options)
{
    (void)fdt, (void)options;
    return 1;
}

int tty_register(struct tty_driver *driver, bool console)
{
    assert_true(console);
    uart.tty = driver;
    return 0;
}

void tty_receive(struct tty *tty, const u8 *bytes, size_t len)
{
    (void)tty;
    assert_true(uart.received + len <= TYPED);
    memcpy(uart.got + uart.received, bytes, len);
    uart.received += len;
    if (full)
        uart.tty->stop(uart.tty);
}

void tty_write_wakeup(struct tty *tty)
{
    (void)tty;
}

void console_register(struct console *con)
{
    assert_ptr_equal(con, &uart.port.console);
}

static struct power_handler *power;

void power_register(struct power_handler *handler)
{
    power = handler;
}

bool log_broken(void)
{
    return false;
}

static int set_up(void **state)
{
    (void)state;
    host_reset();
    memset(&uart, 0, sizeof(uart));
    full = false;
    uart.port.ops = &ops;
    assert_int_equal(serial_register(&uart.port, NULL, 1, "model"), 0);
    return 0;
}

static void log_text(size_t len)
{
    char text[8192];
    memset(text, 'l', len);
    uart.port.console.write(&uart.port.console, text, len);
}

static void check_typed(void)
{
    assert_int_equal(uart.overruns, 0);
    assert_int_equal(uart.received, uart.to_type);
    for (size_t i = 0; i < uart.received; i++)
        assert_int_equal(uart.got[i], letter(i));
}

/* --- cases ----------------------------------------------------------------------------------- */

static void test_typing_at_the_speed_of_the_line(void **state)
{
    (void)state;
    uart.tty->start(uart.tty);
    uart.to_type = 5000;
    pass(6000 * BYTE_TIME);
    check_typed();
}

static void test_typing_while_log_lines_are_sent(void **state)
{
    (void)state;
    uart.tty->start(uart.tty);
    uart.to_type = 5000;
    for (unsigned i = 0; i < 20; i++) {
        log_text(LOG_LINE_MAX);
        pass(2 * BYTE_TIME);
    }
    pass(6000 * BYTE_TIME);
    check_typed();
    assert_int_equal(uart.sent, 20 * LOG_LINE_MAX);
}

static void test_typing_while_a_full_ring_is_drained(void **state)
{
    u8 output[SERIAL_RING] = {0};
    (void)state;
    uart.tty->start(uart.tty);
    assert_int_equal(uart.tty->write(uart.tty, output, sizeof(output)), sizeof(output));
    uart.to_type = 5000;
    uart.tty->drain(uart.tty);
    assert_int_equal(uart.sent, sizeof(output));
    pass(6000 * BYTE_TIME);
    check_typed();
}

/* Firmware may be reading: nothing is taken before somebody opens the terminal. */
static void test_nothing_is_taken_before_the_start(void **state)
{
    (void)state;
    uart.to_type = RX_FIFO;
    log_text(LOG_LINE_MAX);
    assert_int_equal(uart.rx_held, RX_FIFO);
    uart.tty->start(uart.tty);
    pass(10);
    check_typed();
}

/* A terminal without room leaves bytes where they are, and the interrupt line low. */
static void test_a_full_terminal_is_left_alone(void **state)
{
    (void)state;
    full = true;
    uart.tty->start(uart.tty);
    uart.to_type = 100;
    log_text(LOG_LINE_MAX);
    pass(1000 * BYTE_TIME);
    size_t before = uart.received;
    unsigned interrupts = uart.interrupts;
    assert_in_range(before, 1, 16);
    pass(1000 * BYTE_TIME);
    assert_int_equal(uart.received, before);
    assert_int_equal(uart.interrupts, interrupts);
    full = false;
    uart.tty->start(uart.tty);
    pass(10 * BYTE_TIME);
    check_typed();
}

/* A line that takes nothing costs what is said on it, and neither the machine nor what is typed. */
static void test_a_dead_transmitter(void **state)
{
    (void)state;
    uart.tty->start(uart.tty);
    uart.dead = true;
    uart.to_type = 3000;
    log_text(LOG_LINE_MAX);
    assert_in_range(uart.now, 1, 1000000);
    u64 then = uart.now;
    log_text(LOG_LINE_MAX);
    assert_in_range(uart.now - then, 1, 10 * LOG_LINE_MAX);
    uart.dead = false;
    pass(4000 * BYTE_TIME);
    check_typed();
}

static void test_the_last_line_is_sent_before_the_power_goes(void **state)
{
    (void)state;
    log_text(LOG_LINE_MAX);
    assert_in_range(uart.tx_held, 1, TX_FIFO);
    power->act(power, POWER_OFF);
    assert_int_equal(uart.tx_held, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_typing_at_the_speed_of_the_line, set_up),
        cmocka_unit_test_setup(test_typing_while_log_lines_are_sent, set_up),
        cmocka_unit_test_setup(test_typing_while_a_full_ring_is_drained, set_up),
        cmocka_unit_test_setup(test_nothing_is_taken_before_the_start, set_up),
        cmocka_unit_test_setup(test_a_full_terminal_is_left_alone, set_up),
        cmocka_unit_test_setup(test_a_dead_transmitter, set_up),
        cmocka_unit_test_setup(test_the_last_line_is_sent_before_the_power_goes, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
