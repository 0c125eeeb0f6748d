/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power off and reset through firmware: first by calls that say if they cannot; and at the very end of the
 * ladder, behind all registers that the tree knows, by the call of old firmware that may not return.
 */
#include <arch/firmware.h>
#include <base/init.h>
#include <base/log.h>
#include <kernel/power.h>

static void firmware_act(struct power_handler *handler, enum power_action action)
{
    (void)handler;
    if (action == POWER_OFF)
        arch_firmware_off();
    else
        arch_firmware_reset();
}

static void old_firmware_act(struct power_handler *handler, enum power_action action)
{
    (void)handler;
    if (action != POWER_OFF || !arch_firmware_is_old())
        return;
    log_info(
        "power: old firmware is asked; if the machine stays on, it cannot, and the power may be cut");
    arch_firmware_off_blindly();
}

static struct power_handler firmware = {.name = "firmware", .priority = 100, .act = firmware_act};
static struct power_handler old_firmware = {
    .name = "old firmware", .priority = 10, .act = old_firmware_act};

static void firmware_reset_init(void)
{
    power_register(&firmware);
    power_register(&old_firmware);
}
INITCALL(INIT_EARLY, firmware_reset_init);
