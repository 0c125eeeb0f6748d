/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turning the machine off. Handlers register at start-up, on one cpu; after that the list is only
 * read, also by panic, so it has no lock.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/smp.h>
#include <base/log.h>
#include <kernel/power.h>

static struct power_handler *handlers;

void power_register(struct power_handler *handler)
{
    struct power_handler **at = &handlers;

    while (*at && (*at)->priority >= handler->priority)
        at = &(*at)->next;
    handler->next = *at;
    *at = handler;
}

void power_try(enum power_action action)
{
    for (struct power_handler *h = handlers; h; h = h->next)
        h->act(h, action);
}

static __noreturn void end(const char *words, enum power_action action)
{
    log_info("power: %s", words);
    power_try(action);
    log_err("power: nothing here can do that; the cpus stop, and the power may be cut");
    kernel_halt();
}

void kernel_poweroff(void)
{
    end("off", POWER_OFF);
}

void kernel_reboot(void)
{
    end("reset", POWER_RESET);
}

void kernel_halt(void)
{
    arch_irq_disable();
    arch_stop_others();
    (void)arch_stop_wait();
    arch_halt();
}
