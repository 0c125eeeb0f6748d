/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RISC-V platform-level interrupt controllers.
 *
 * Which context belongs to which hart is read from interrupts-extended and never computed: entry i is
 * context i, of the hart whose interrupt controller it names; 9 is that hart's S-mode external
 * interrupt, everything else (11, or 0xffffffff after OpenSBI) is M-mode's. A machine may have several
 * PLICs, each for some of its harts. Interrupts are delivered to the boot cpu's context, or to the first
 * one of ours when the boot cpu has none here.
 *
 * Registers: RISC-V PLIC specification 1.0, "Memory Map". 32-bit accesses only. Locks: enable words are
 * shared by 32 sources and changed under the interrupt dispatcher's lock.
 */
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <base/init.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <drivers/driver.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>

#define S_EXTERNAL 9

#define PRIORITY(source)        (4 * (u64)(source))
#define ENABLE(context, source) (0x2000 + 0x80 * (u64)(context) + 4 * ((u64)(source) / 32))
#define THRESHOLD(context)      (0x200000 + 0x1000 * (u64)(context))
#define CLAIM(context)          (0x200004 + 0x1000 * (u64)(context))

#define SOURCES_MOST 1023
#define NO_CONTEXT   (-1)

struct plic {
    struct irq_chip chip;
    struct plic *next;
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
    u32 bits = mmio_read32(word), bit = 1u << source % 32;
    mmio_write32(word, on ? bits | bit : bits & ~bit);
}

static void plic_enable(struct irq_chip *chip, u32 source)
{
    struct plic *p = plic_of(chip);
    mmio_write32(p->regs + PRIORITY(source), 1);
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

/* The cpu whose interrupt controller a node is: its parent's reg is the hart id. */
static int cpu_of_intc(const struct fdt *fdt, int intc)
{
    u64 hartid, size;
    int cpu_node = intc < 0 ? intc : fdt_parent(fdt, intc);
    if (cpu_node < 0 || fdt_reg_raw(fdt, cpu_node, 0, &hartid, &size))
        return -1;
    return arch_cpu_of_hwid(hartid);
}

static void find_contexts(struct plic *p, const struct fdt *fdt, int node)
{
    struct fdt_irq irq;
    u32 pos = 0;
    for (u32 cpu = 0; cpu < CPU_MAX; cpu++)
        p->context[cpu] = NO_CONTEXT;
    for (int context = 0; fdt_irq_next(fdt, node, &pos, &irq) > 0; context++) {
        int cpu = cpu_of_intc(fdt, irq.controller);
        bool fits = CLAIM(context) + 4 <= p->size;
        if (cpu >= 0 && irq.count && irq.cells[0] == S_EXTERNAL && fits)
            p->context[cpu] = context;
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
    u32 sources;
    if (fdt_get_u32(fdt, node, "riscv,ndev", &sources) || sources > SOURCES_MOST)
        return -EINVAL;
    struct plic *p = kzalloc(sizeof(*p));
    if (!p)
        return -ENOMEM;
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

DRIVER(plic, DRIVER_IRQCHIP, plic_probe, "sifive,plic-1.0.0", "riscv,plic0");
