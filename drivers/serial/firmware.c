/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A terminal on the firmware's console, for machines whose own UART has no driver here. Output goes
 * through firmware as it can, input is polled: firmware raises no interrupt.
 */
#include <arch/firmware.h>
#include <base/init.h>
#include <base/log.h>
#include <fs/tty.h>
#include <lib/types.h>

static size_t firmware_write(struct tty_driver *driver, const u8 *bytes, size_t len)
{
    (void)driver;
    arch_firmware_write((const char *)bytes, len);
    return len;
}

static int firmware_getchar(struct tty_driver *driver)
{
    (void)driver;
    return arch_firmware_getchar();
}

static struct tty_driver firmware_tty = {
    .name = "ttyF0", .dev = DEV(229, 0), .write = firmware_write, .poll_char = firmware_getchar};

/* Runs behind the devices' drivers: only if none of them became the console. */
static void firmware_console_init(void)
{
    if (tty_have_console())
        return;
    if (tty_register(&firmware_tty, true))
        log_warn("serial: no terminal for the firmware's console");
    else
        log_info("serial: console through firmware, polled");
}
INITCALL(INIT_FS, firmware_console_init);
