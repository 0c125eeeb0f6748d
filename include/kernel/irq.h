/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Portable interrupt dispatch: from a controller and its line to a driver's function.
 *
 * A controller's driver embeds struct irq_chip, asks the machine for its interrupt with a handler
 * of its own, and calls irq_dispatch for each line that it finds raised. Handlers run with
 * interrupts off on the stack of whatever was interrupted, and do not sleep.
 */
#pragma once

#include <lib/types.h>

struct irq_chip;

struct irq_chip_ops {
    /* Let a line through to the cpus, or not. Interrupts off, under the dispatcher's lock. */
    void (*enable)(struct irq_chip *chip, u32 hwirq);
    void (*disable)(struct irq_chip *chip, u32 hwirq);
};

struct irq_line {
    void (*handler)(void *arg);
    void *arg;
};

struct irq_chip {
    const char *name;
    const struct irq_chip_ops *ops;
    u32 lines;             /* valid hwirqs are 0..lines-1 */
    struct irq_line *line; /* array of `lines`, by irq_chip_register */
};

/* Makes the array of lines. -ENOMEM. Once per chip, before its first irq_attach(). */
int irq_chip_register(struct irq_chip *chip);

/* Connects and enables a line. -EINVAL: no such line; -EBUSY: it has a handler. */
int irq_attach(struct irq_chip *chip, u32 hwirq, void (*handler)(void *arg), void *arg);

/*
 * Runs the handler of a line that was raised. A line without one is disabled and logged, so that
 * it cannot storm. Interrupts off, from the controller's handler.
 */
void irq_dispatch(struct irq_chip *chip, u32 hwirq);

/* The controller that the cpus' external interrupt leads to: its driver says what to call. */
void irq_set_root(void (*handle)(void));
