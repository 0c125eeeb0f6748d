/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From head.S to kernel_main(): the first C code at virtual addresses, on the boot hart.
 *
 * Brings up a console by firmware, maps the device tree, hands over.
 */
#include <arch/boot.h>
#include <arch/firmware.h>
#include <arch/mmu.h>
#include <asm/csr.h>
#include <asm/early.h>
#include <asm/sbi.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/sections.h>
#include <lib/endian.h>

#define FDT_MAGIC  0xd00dfeed
#define FDT_HEADER 40
#define FDT_MOST   (4 * MiB)

static void sbi_console_out(struct console *con, const char *text, size_t len)
{
    (void)con;
    arch_firmware_write(text, len);
}

static struct console sbi_console = {.name = "sbi", .write = sbi_console_out};

/*
 * Maps the tree page by page where the direct map will have it. Firmware may put it at any address,
 * next to memory that must not be touched, so nothing beyond its own pages is mapped.
 */
static size_t map_fdt(paddr_t pa)
{
    const u8 *fdt = (const u8 *)(DIRECT_BASE + pa);
    if (pa >= DIRECT_SIZE - FDT_MOST || early_map((vaddr_t)fdt, pa, FDT_HEADER, false))
        panic("device tree at physical address 0x%llx cannot be mapped", (unsigned long long)pa);
    if (be32_get(fdt) != FDT_MAGIC)
        return FDT_HEADER; /* kernel_main() checks it and says what is wrong */
    size_t size = be32_get(fdt + 4);
    if (size < FDT_HEADER || size > FDT_MOST || early_map((vaddr_t)fdt, pa, size, false))
        return FDT_HEADER;
    return size;
}

void boot_main(u64 hartid, paddr_t fdt_pa)
{
    this_cpu()->arch.hartid = hartid;
    console_register(&sbi_console);
    sbi_init();
    if (!early_check())
        panic("an early page table maps something writable and executable");
    size_t image = (size_t)(__image_end - __image_start);
    struct boot_info info = {.fdt_pa = fdt_pa,
                             .fdt = (const void *)(DIRECT_BASE + fdt_pa),
                             .fdt_size = map_fdt(fdt_pa),
                             .image_pa = image_to_phys(__image_start),
                             .image_size = image};
    kernel_main(&info);
}
