/* SPDX-License-Identifier: BSD-2-Clause */
// sources: drivers/serial/ns16550_tree.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/num.c lib/string_extra.c
/*
 * The drivers of UARTs against models of their registers, which are as hard as the chips: an access of another width
 * than the tree says, or beside a register, fails the test; so does any change of the line's settings.
 */
#include "../../drivers/serial/ns16550.c" /* their table entries are static */
#undef FIFO
#define uart         sifive_uart
#define uart_of      sifive_uart_of
#define uart_send    sifive_uart_send
#define uart_receive sifive_uart_receive
#define uart_sent    sifive_uart_sent
#define uart_enable  sifive_uart_enable
#include "../../drivers/serial/sifive.c"
#undef uart
#undef uart_of
#undef uart_send
#undef uart_receive
#undef uart_sent
#undef uart_enable
#include "tree_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 0x1000, LCR = 3, USR = 31 };

static struct {
    u8 block[SIZE]; /* only its address counts */
    u32 width, shift;
    bool sifive;
    char sent[64];
    size_t sent_len, received;
    const char *typed;
    /* 16550 */
    u8 ier, iir, fcr, mcr, lsr;
    unsigned usr_reads;
    /* SiFive */
    u32 fifo_room, ie, ip, txctrl, rxctrl;
} chip;

static struct serial_port *port;
static struct tree tree;
static struct fdt fdt;

int serial_register(struct serial_port *p, const struct fdt *from, int node, const char *kind)
{
    (void)from;
    (void)node;
    (void)kind;
    port = p;
    return 0;
}

void *driver_map(const struct fdt *from, int node, u32 index, u64 *size)
{
    u64 addr;
    return fdt_reg(from, node, index, &addr, size) ? NULL : chip.block;
}

/* What kmalloc() comes down to for something as large as a port. */
void *kmalloc_any(size_t size)
{
    return malloc(size);
}

void kfree(void *p)
{
    free(p);
}

/* The number of the register, if the access is one that the chip takes. */
static u32 reg_of(const volatile void *at, u32 width)
{
    size_t offset = (size_t)((const volatile u8 *)at - chip.block);
    assert_true(offset < SIZE);
    assert_int_equal(width, chip.width);
    assert_int_equal(offset % (1u << chip.shift), 0);
    return (u32)(offset >> chip.shift);
}

static int typed(void)
{
    return *chip.typed ? (chip.received++, *chip.typed++) : -1;
}

static u32 read_16550(u32 reg)
{
    switch (reg) {
    case RBR:
        return (u32)typed() & 0xff;
    case IER:
        return chip.ier;
    case IIR:
        return chip.iir;
    case MCR:
        return chip.mcr;
    case LSR:
        return (chip.lsr & ~1u) | (*chip.typed ? LSR_DATA : 0);
    case USR:
        chip.usr_reads++;
        chip.iir = 1;
        return 0;
    }
    fail_msg("register %u is read", reg);
    return 0;
}

static void write_16550(u32 reg, u32 value)
{
    switch (reg) {
    case THR:
        assert_true(chip.lsr & LSR_THR_EMPTY); /* what is written to a full one is lost */
        chip.sent[chip.sent_len++] = (char)value;
        return;
    case IER:
        chip.ier = (u8)value;
        return;
    case FCR:
        assert_false(value & 6); /* resets of the FIFOs: firmware's last words may be in them */
        chip.fcr = (u8)value;
        return;
    case MCR:
        chip.mcr = (u8)value;
        return;
    }
    fail_msg("register %u is written",
             reg); /* LCR among them: the line's settings are firmware's */
}

static u32 read_sifive(u32 reg)
{
    int byte;
    switch (4 * reg) {
    case TXDATA:
        return chip.fifo_room ? 0 : 0x80000000;
    case RXDATA:
        byte = typed();
        return byte < 0 ? 0x80000000 : (u32)byte;
    case TXCTRL:
        return chip.txctrl;
    case RXCTRL:
        return chip.rxctrl;
    case IP:
        return chip.ip;
    }
    fail_msg("register 0x%x is read", 4 * reg);
    return 0;
}

static void write_sifive(u32 reg, u32 value)
{
    switch (4 * reg) {
    case TXDATA:
        assert_true(chip.fifo_room--);
        chip.sent[chip.sent_len++] = (char)value;
        return;
    case TXCTRL:
        chip.txctrl = value;
        return;
    case RXCTRL:
        chip.rxctrl = value;
        return;
    case IE:
        chip.ie = value;
        return;
    }
    fail_msg("register 0x%x is written", 4 * reg);
}

#define ACCESS(bits)                                                             \
    u##bits mmio_read##bits(const volatile void *at)                             \
    {                                                                            \
        u32 reg = reg_of(at, bits / 8);                                          \
        return (u##bits)((chip.sifive ? read_sifive : read_16550)(reg));         \
    }                                                                            \
    void mmio_write##bits(volatile void *at, u##bits value)                      \
    {                                                                            \
        (chip.sifive ? write_sifive : write_16550)(reg_of(at, bits / 8), value); \
    }

ACCESS(8)
ACCESS(16)
ACCESS(32)

static int probe(const struct driver *driver, const char *compatible, u64 size, int shift,
                 int width)
{
    tree_begin(&tree);
    tree_open(&tree, "serial@10000000");
    tree_prop_string(&tree, "compatible", compatible);
    tree_prop_u64s(&tree, "reg", (u64[]){0x10000000, size}, 2);
    if (shift >= 0)
        tree_prop_u32(&tree, "reg-shift", (u32)shift);
    if (width >= 0)
        tree_prop_u32(&tree, "reg-io-width", (u32)width);
    tree_close(&tree);
    assert_int_equal(fdt_check(tree.blob, tree_end(&tree), &fdt), 0);
    return driver->probe(&fdt, fdt_find_path(&fdt, "/serial"));
}

static int fresh_chip(void **state)
{
    (void)state;
    memset(&chip, 0, sizeof(chip));
    chip.typed = "";
    chip.lsr = LSR_THR_EMPTY | LSR_ALL_SENT;
    chip.iir = 1;
    port = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kfree(port); /* the port is the first member of what the driver made */
    return 0;
}

static_assert(!offsetof(struct uart, port) && !offsetof(struct sifive_uart, port), "tear_down");

static void talks(void)
{
    chip.typed = "ok";
    assert_int_equal(port->ops->receive(port), 'o');
    assert_int_equal(port->ops->receive(port), 'k');
    assert_int_equal(port->ops->receive(port), -1);
    assert_int_equal(chip.received, 2);
    assert_int_equal(port->ops->send(port, (const u8 *)"hi", 2), 2);
    assert_memory_equal(chip.sent, "hi", 2);
}

static void layouts_of_the_16550(void **state)
{
    static const struct {
        int shift, width; /* as the tree says, -1: nothing */
    } layouts[] = {{-1, -1}, {0, 1}, {2, 4}, {1, 2}, {2, 1}, {2, 2}, {2, -1}};

    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        fresh_chip(state);
        chip.shift = (u32)MAX(layouts[i].shift, 0);
        chip.width = (u32)MAX(layouts[i].width, 1);
        assert_int_equal(
            probe(&driver_ns16550, "ns16550a", 0x100, layouts[i].shift, layouts[i].width), 0);
        talks();
        tear_down(state);
    }
    port = NULL;
}

static void layouts_that_make_no_sense(void **state)
{
    (void)state;
    assert_int_equal(probe(&driver_ns16550, "ns16550a", 0x100, 0, 4), -EINVAL);
    assert_int_equal(probe(&driver_ns16550, "ns16550a", 0x100, 2, 3), -EINVAL);
    assert_int_equal(probe(&driver_ns16550, "ns16550a", 0x100, 9, 1), -EINVAL);
    assert_int_equal(probe(&driver_ns16550, "ns16550a", 5, 0, 1), -EINVAL);
    assert_int_equal(probe(&driver_ns16550, "snps,dw-apb-uart", 0x7c, 2, 4), -EINVAL);
    assert_null(port);
}

static void a_full_16550_takes_nothing(void **state)
{
    (void)state;
    chip.width = 1;
    assert_int_equal(probe(&driver_ns16550, "ns16550a", 8, -1, -1), 0);
    chip.lsr = 0;
    assert_int_equal(port->ops->send(port, (const u8 *)"hi", 2), 0);
    assert_false(port->ops->sent(port));
    chip.lsr = LSR_THR_EMPTY;
    assert_int_equal(port->ops->send(port, (const u8 *)"0123456789abcdefgh", 18), 16);
    assert_false(port->ops->sent(port));
}

static void interrupts_of_the_16550(void **state)
{
    (void)state;
    chip.width = 1;
    chip.ier = 0x4f; /* firmware's; bit 6 is what turns some units on at all */
    assert_int_equal(probe(&driver_ns16550, "ns16550a", 8, -1, -1), 0);
    assert_int_equal(chip.fcr, 1);
    assert_int_equal(chip.mcr, 8);
    port->ops->enable(port, false, false);
    assert_int_equal(chip.ier, 0x40);
    port->ops->enable(port, true, true);
    assert_int_equal(chip.ier, 0x43);
}

/* The interrupt that a lost write of the line's settings raises ends when USR is read, and not before. */
static void busy_detect_of_designware(void **state)
{
    (void)state;
    chip.width = 4;
    chip.shift = 2;
    assert_int_equal(probe(&driver_ns16550, "snps,dw-apb-uart", 0x10000, 2, 4), 0);
    assert_non_null(port->ops->quirk);
    port->ops->quirk(port);
    assert_int_equal(chip.usr_reads, 0);
    chip.iir = 0xc7; /* FIFOs on, busy detected */
    port->ops->quirk(port);
    assert_int_equal(chip.usr_reads, 1);
    assert_int_equal(chip.iir, 1);
    talks();
}

static void sifives(void **state)
{
    (void)state;
    chip.sifive = true;
    chip.width = 4;
    chip.shift = 2;
    chip.fifo_room = 8;
    chip.txctrl = 3 | 7u << 16; /* two stop bits stay */
    assert_int_equal(probe(&driver_sifive_uart, "sifive,uart0", 0x1000, -1, -1), 0);
    assert_int_equal(chip.txctrl, 3 | 1u << 16);
    assert_int_equal(chip.rxctrl, 1);
    talks();
    assert_int_equal(port->ops->send(port, (const u8 *)"01234567", 8), 6);
    port->ops->enable(port, true, false);
    assert_int_equal(chip.ie, 2);
    port->ops->enable(port, false, true);
    assert_int_equal(chip.ie, 1);
    assert_false(port->ops->sent(port));
    chip.ip = 1;
    assert_true(port->ops->sent(port));
    assert_int_equal(probe(&driver_sifive_uart, "sifive,uart0", 0x10, -1, -1), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(layouts_of_the_16550, fresh_chip, tear_down),
        cmocka_unit_test_setup_teardown(layouts_that_make_no_sense, fresh_chip, tear_down),
        cmocka_unit_test_setup_teardown(a_full_16550_takes_nothing, fresh_chip, tear_down),
        cmocka_unit_test_setup_teardown(interrupts_of_the_16550, fresh_chip, tear_down),
        cmocka_unit_test_setup_teardown(busy_detect_of_designware, fresh_chip, tear_down),
        cmocka_unit_test_setup_teardown(sifives, fresh_chip, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
