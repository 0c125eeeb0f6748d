/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turning the machine off and starting it again: a ladder of ways, tried from the most specific
 * one down; a way that does not work returns.
 */
#pragma once

#include <lib/types.h>

enum power_action { POWER_OFF, POWER_RESET };

struct power_handler {
    const char *name;
    int priority; /* higher is tried first; firmware has 100 */
    /* Tries it; returns if it could not. Interrupts may be off; takes no lock. */
    void (*act)(struct power_handler *handler, enum power_action action);
    struct power_handler *next;
};

void power_register(struct power_handler *handler);

/* Tries the ladder and returns when nothing worked. Any context; for panic. */
void power_try(enum power_action action);

/* One line in the log, then the ladder; if nothing works, halts. */
__noreturn void kernel_poweroff(void);
__noreturn void kernel_reboot(void);

/* Stops all cpus for good, the machine stays on. */
__noreturn void kernel_halt(void);
