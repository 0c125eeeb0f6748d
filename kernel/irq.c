/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt dispatch. Lock: irq_lock for connecting and for the chips' enable and disable;
 * dispatch itself takes none: a line's handler is written before the line is enabled.
 */
#include <arch/trap.h>
#include <base/atomic.h>
#include <base/log.h>
#include <base/spinlock.h>
#include <kernel/irq.h>
#include <lib/errno.h>
#include <mm/slab.h>

static struct spinlock irq_lock = SPINLOCK_INIT("interrupt lines");
static void (*root_handler)(void);

int irq_chip_register(struct irq_chip *chip)
{
    chip->line = kcalloc(chip->lines, sizeof(*chip->line));
    return chip->line ? 0 : -ENOMEM;
}

int irq_attach(struct irq_chip *chip, u32 hwirq, void (*handler)(void *arg), void *arg)
{
    struct irq_line *line;
    irqflags_t flags;
    int err = 0;

    if (hwirq >= chip->lines)
        return -EINVAL;
    line = &chip->line[hwirq];
    flags = spin_lock(&irq_lock);
    if (line->handler) {
        err = -EBUSY;
    } else {
        line->arg = arg;
        atomic_store_release(&line->handler, handler);
        chip->ops->enable(chip, hwirq);
    }
    spin_unlock(&irq_lock, flags);
    return err;
}

void irq_dispatch(struct irq_chip *chip, u32 hwirq)
{
    struct irq_line *line;
    void (*handler)(void *arg);

    if (hwirq >= chip->lines)
        return;
    line = &chip->line[hwirq];
    handler = atomic_load_acquire(&line->handler);
    if (likely(handler)) {
        handler(line->arg);
        return;
    }
    spin_lock_nested(&irq_lock);
    chip->ops->disable(chip, hwirq);
    spin_unlock_nested(&irq_lock);
    log_warn("interrupt: %s line %u came without a handler and is off now", chip->name, hwirq);
}

void irq_set_root(void (*handle)(void))
{
    atomic_store_release(&root_handler, handle);
}

void trap_external(void)
{
    void (*handle)(void) = atomic_load_acquire(&root_handler);

    if (handle)
        handle();
}
