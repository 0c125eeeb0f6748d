/* SPDX-License-Identifier: BSD-2-Clause */
// sources: scripts/dtcheck/machine.c scripts/dtcheck/memory.c scripts/dtcheck/harts.c
// sources: scripts/dtcheck/devices.c scripts/dtcheck/report.c scripts/dtcheck/json.c
// sources: mm/region_scan.c arch/riscv/harts_tree.c drivers/match.c drivers/irqchip/plic_tree.c
// sources: drivers/serial/ns16550_tree.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fdt_irq.c
// sources: lib/interval.c lib/isa.c lib/num.c lib/string_extra.c
/*
 * Any tree that the reader accepts, through all that the kernel asks of it at boot. Changes of single bytes mostly
 * make trees that are refused; so every other change is to one property of a tree that stays well formed.
 */
#include "../../scripts/dtcheck/dtcheck.h"
#include <stdlib.h>
#include <string.h>

static const char *const uarts[] = {"ns16550a", "snps,dw-apb-uart", "sifive,uart0", NULL};
static const char *const plics[] = {"sifive,plic-1.0.0", "riscv,plic0", NULL};
const struct driver driver_table[] = {
    {.name = "uart", .class = DRIVER_DEVICE, .compatible = uarts},
    {.name = "plic", .class = DRIVER_IRQCHIP, .compatible = plics},
};
const size_t driver_table_count = ARRAY_SIZE(driver_table);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

enum { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4 };
enum { PROPS_MOST = 4096, PROP_HEADER = 12 };

static u32 word_at(const u8 *blob, size_t at)
{
    return (u32)blob[at] << 24 | (u32)blob[at + 1] << 16 | (u32)blob[at + 2] << 8 | blob[at + 3];
}

static void put_word(u8 *blob, size_t at, u32 value)
{
    for (int i = 0; i < 4; i++)
        blob[at + i] = (u8)(value >> (24 - 8 * i));
}

/* Where the properties of a tree begin; how many. Stops at the first thing that is no tree. */
static size_t find_props(const u8 *blob, size_t size, size_t *props)
{
    size_t count = 0, at = size < FDT_HEADER_SIZE ? size : word_at(blob, 8);
    while (at < size && size - at >= PROP_HEADER && count < PROPS_MOST) {
        u32 token = word_at(blob, at);
        if (token == PROP && word_at(blob, at + 4) <= size - at - PROP_HEADER) {
            props[count++] = at;
            at += PROP_HEADER + ((word_at(blob, at + 4) + 3) & ~3u);
        } else if (token == BEGIN_NODE) {
            const u8 *end = memchr(blob + at + 4, 0, size - at - 4);
            at = end ? ((size_t)(end - blob) + 4) & ~(size_t)3 : size;
        } else if (token == END_NODE || token == NOP) {
            at += 4;
        } else {
            break;
        }
    }
    return count;
}

/* One cell of a value becomes a number that means something somewhere, or a cell of another value. */
static void change_cell(u8 *blob, size_t prop, size_t other, u32 chance)
{
    static const u32 telling[] = {0, 1, 2, 3, 9, 11, 0x1000, 0x80000000, 0xfffffff8, 0xffffffff};
    u32 cells = word_at(blob, prop + 4) / 4, from = word_at(blob, other + 4) / 4;
    if (!cells)
        return;
    size_t at = prop + PROP_HEADER + 4 * (chance / 8 % cells);
    if (from && chance & 4)
        put_word(blob, at, word_at(blob, other + PROP_HEADER + 4 * (chance / 64 % from)));
    else
        put_word(blob, at, telling[chance / 64 % ARRAY_SIZE(telling)]);
}

/* The property is gone: as many NOPs as it had words. */
static void remove_prop(u8 *blob, size_t prop)
{
    size_t words = (PROP_HEADER + ((word_at(blob, prop + 4) + 3) & ~3u)) / 4;
    for (size_t i = 0; i < words; i++)
        put_word(blob, prop + 4 * i, NOP);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    static size_t props[PROPS_MOST];
    size_t count = find_props(data, size, props);
    if (!count || seed & 1)
        return LLVMFuzzerMutate(data, size, max);
    size_t prop = props[seed / 16 % count], other = props[seed / 65536 % count];
    if ((seed & 14) == 2)
        remove_prop(data, prop);
    else if ((seed & 14) == 4)
        put_word(data, prop + 8, word_at(data, other + 8)); /* another name for it */
    else
        change_cell(data, prop, other, seed / 16);
    return size;
}

static void report_all(const struct fdt *fdt)
{
    static struct machine machine;
    static FILE *nowhere;

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    machine_read(&machine, fdt, 0);
    report_print(&machine, nowhere);
    json_print(&machine, nowhere);
    machine_free(&machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fdt fdt;
    u8 *blob = malloc(size + 1);

    memcpy(blob, data, size);
    for (int i = 0; i < 4 && size >= FDT_HEADER_SIZE;
         i++) /* the fuzzer would waste time to guess it */
        blob[4 + i] = (u8)(size >> (24 - 8 * i));
    if (!fdt_check(blob, size, &fdt))
        report_all(&fdt);
    free(blob);
    return 0;
}
