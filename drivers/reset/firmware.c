/* SPDX-License-Identifier: BSD-2-Clause */
/* Power off and reset through firmware. */
#include <arch/firmware.h>
#include <base/init.h>
#include <kernel/power.h>

static void firmware_act(struct power_handler *handler, enum power_action action)
{
    (void)handler;
    if (action == POWER_OFF)
        arch_firmware_off();
    else
        arch_firmware_reset();
}

static struct power_handler firmware = {.name = "firmware", .priority = 100, .act = firmware_act};

static void firmware_reset_init(void)
{
    power_register(&firmware);
}
INITCALL(INIT_EARLY, firmware_reset_init);
