/* SPDX-License-Identifier: BSD-2-Clause */
// sources: scripts/dtcheck/machine.c scripts/dtcheck/memory.c scripts/dtcheck/harts.c
// sources: scripts/dtcheck/devices.c scripts/dtcheck/report.c scripts/dtcheck/json.c
// sources: mm/region_scan.c arch/riscv/harts_tree.c drivers/match.c drivers/irqchip/plic_tree.c
// sources: drivers/serial/ns16550_tree.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fdt_irq.c
// sources: lib/interval.c lib/isa.c lib/num.c lib/string_extra.c
/* Any tree that the reader accepts, through all that the kernel asks of it at boot. */
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
