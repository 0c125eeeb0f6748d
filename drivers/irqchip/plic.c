/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RISC-V platform-level interrupt controllers.
 *
 * Which context belongs to which hart the tree says (plic_tree.c). A machine may have several
 * PLICs, each for some of its harts. Interrupts are delivered to the boot cpu's context, or to the first
 * one of ours when the boot cpu has none here.
 *
 * Registers: RISC-V PLIC specification 1.0, "Memory Map". 32-bit accesses only. Lock: enable words are shared
 * by 32 sources, so plic->lock is held while one is changed; behind the interrupt dispatcher's. Claiming needs
 * none: each context is one cpu's.
 */
#include "plic_tree.h"
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <base/init.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/spinlock.h>
#include <drivers/driver.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>

#define PRIORITY(source)        (4 * (u64)(source))
#define ENABLE(context, source) (0x2000 + 0x80 * (u64)(context) + 4 * ((u64)(source) / 32))
#define THRESHOLD(context)      (0x200000 + 0x1000 * (u64)(context))
#define CLAIM(context)          (0x200004 + 0x1000 * (u64)(context))

#define NO_CONTEXT (-1)

struct plic {
    struct irq_chip chip;
    struct plic *next;
    struct spinlock lock;
    u8 *regs;
    u64 size;
    int target;           /* the context that gets the interrupts */
    int context[CPU_MAX]; /* per cpu, or NO_CONTEXT */
};

static struct plic *plics;

static struct plic *plic_of(struct irq_chip *chip)
{
    return container_of(chip, struct plic, chip);
}

static void set_enabled(struct plic *p, int context, u32 source, bool on)
{
    u8 *word = p->regs + ENABLE(context, source);
    u32 bit = 1u << source % 32;
    irqflags_t flags = spin_lock(&p->lock);
    u32 bits = mmio_read32(word);
    mmio_write32(word, on ? bits | bit : bits & ~bit);
    spin_unlock(&p->lock, flags);
}

/*
 * The threshold is opened here, not only when we set up: firmware shuts a hart's context when it starts the hart
 * (OpenSBI, plic_warm_irqchip_init()), which is later, and the target need not be the boot hart's.
 */
static void plic_enable(struct irq_chip *chip, u32 source)
{
    struct plic *p = plic_of(chip);
    mmio_write32(p->regs + PRIORITY(source), 1);
    mmio_write32(p->regs + THRESHOLD(p->target), 0);
    set_enabled(p, p->target, source, true);
}

static void plic_disable(struct irq_chip *chip, u32 source)
{
    set_enabled(plic_of(chip), plic_of(chip)->target, source, false);
}

static const struct irq_chip_ops plic_ops = {.enable = plic_enable, .disable = plic_disable};

/*
 * Completion of a source that is not enabled is ignored and blocks it for good, so a line that its
 * handler has disabled is enabled for a moment.
 */
static void complete(struct plic *p, int context, u32 source)
{
    bool enabled = mmio_read32(p->regs + ENABLE(context, source)) >> source % 32 & 1;
    if (!enabled)
        set_enabled(p, context, source, true);
    mmio_write32(p->regs + CLAIM(context), source);
    if (!enabled)
        set_enabled(p, context, source, false);
}

static void plic_handle(void)
{
    for (struct plic *p = plics; p; p = p->next) {
        int context = p->context[cpu_id()];
        u32 source;
        if (context == NO_CONTEXT)
            continue;
        while ((source = mmio_read32(p->regs + CLAIM(context)))) {
            irq_dispatch(&p->chip, source);
            complete(p, context, source);
        }
    }
}

/* Firmware's leftovers: nothing enabled, nothing claimed, everything above threshold 0 gets through. */
static void reset_context(struct plic *p, int context)
{
    for (u32 source = 0; source < p->chip.lines; source += 32)
        mmio_write32(p->regs + ENABLE(context, source), 0);
    mmio_write32(p->regs + THRESHOLD(context), 0);
    u32 source;
    for (u32 n = 0; n < p->chip.lines && (source = mmio_read32(p->regs + CLAIM(context))); n++)
        complete(p, context, source);
}

static void find_contexts(struct plic *p, const struct fdt *fdt, int node)
{
    struct plic_context c;
    struct plic_walk walk = {0};
    for (u32 cpu = 0; cpu < CPU_MAX; cpu++)
        p->context[cpu] = NO_CONTEXT;
    while (plic_next_context(fdt, node, &walk, &c)) {
        int cpu = arch_cpu_of_hwid(c.hartid);
        if (cpu >= 0 && CLAIM(c.number) + 4 <= p->size)
            p->context[cpu] = (int)c.number;
    }
}

static int choose_target(const struct plic *p)
{
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (p->context[cpu] != NO_CONTEXT)
            return p->context[cpu];
    return NO_CONTEXT;
}

static int start(struct plic *p)
{
    p->target = choose_target(p);
    if (p->target == NO_CONTEXT)
        return -ENODEV;
    for (u32 source = 1; source < p->chip.lines; source++)
        mmio_write32(p->regs + PRIORITY(source), 0);
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (p->context[cpu] != NO_CONTEXT)
            reset_context(p, p->context[cpu]);
    return irq_chip_register(&p->chip);
}

static int plic_probe(const struct fdt *fdt, int node)
{
    u32 sources = plic_sources(fdt, node);
    if (!sources)
        return -EINVAL;
    struct plic *p = kzalloc(sizeof(*p));
    if (!p)
        return -ENOMEM;
    spin_init(&p->lock, "plic");
    p->regs = driver_map(fdt, node, 0, &p->size);
    p->chip = (struct irq_chip){.name = "plic", .ops = &plic_ops, .lines = sources + 1};
    int err = -ENOMEM;
    if (p->regs) {
        find_contexts(p, fdt, node);
        err = start(p);
    }
    if (err) {
        kfree(p);
        return err;
    }
    p->next = plics;
    plics = p;
    driver_set_chip(node, &p->chip);
    irq_set_root(plic_handle);
    log_info("plic: %u sources, interrupts go to context %d", sources, p->target);
    return 0;
}

/*
 * All spellings that Linux knows (drivers/irqchip/irq-sifive-plic.c). The last two may lose an edge that comes
 * before its predecessor is completed; what is driven here has level interrupts.
 */
DRIVER(plic, DRIVER_IRQCHIP, plic_probe, "sifive,plic-1.0.0", "riscv,plic0", "thead,c900-plic",
       "andestech,nceplic100");
