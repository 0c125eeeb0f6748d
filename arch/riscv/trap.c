/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps, after trap_entry.S has saved the registers: who caused it, and whose business it is.
 */
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <arch/trap.h>
#include <asm/csr.h>
#include <asm/entry.h>
#include <asm/features.h>
#include <asm/fpu.h>
#include <asm/smp.h>
#include <asm/traps.h>
#include <base/panic.h>
#include <base/percpu.h>

/* Erratum CIP-453 (mimpid range in features.c): extend from bit 38 for the two fetch faults. */
static u64 fix_stval(u64 cause, u64 value)
{
    bool fetch = cause == CAUSE_FETCH_ACCESS || cause == CAUSE_FETCH_PAGE;
    if (cpu_features.sign_extend_stval && fetch && value & BIT(38))
        value |= ~0ul << 39;
    return value;
}

static struct fault_info describe(const struct trap_frame *tf)
{
    const struct trap_cause *cause = trap_cause(tf->cause);
    u64 addr = fix_stval(tf->cause, tf->value);
    if (cause->kind == FAULT_ILLEGAL || cause->kind == FAULT_BREAKPOINT)
        addr = tf->pc; /* stval holds the instruction, or nothing */
    return (struct fault_info){.kind = cause->kind, .addr = addr, .cause = cause->words};
}

static void handle_interrupt(struct trap_frame *tf)
{
    struct cpu *cpu = this_cpu();
    cpu->interrupts++;
    cpu->irq_depth++;
    switch (tf->cause & ~SCAUSE_INTERRUPT) {
    case IRQ_S_TIMER:
        trap_timer(tf);
        break;
    case IRQ_S_EXTERNAL:
        trap_external();
        break;
    case IRQ_S_SOFT:
        ipi_taken();
        if (trap_stop_requested())
            arch_stop_here(tf->pc, tf_from_user(tf));
        trap_ipi();
        break;
    default:
        panic_trap(tf, "interrupt %llu that was never enabled",
                   (unsigned long long)(tf->cause & ~SCAUSE_INTERRUPT));
    }
    cpu->irq_depth--;
}

static void user_fault(struct trap_frame *tf)
{
    tf->value = csr_read(stval);
    if (tf->cause == CAUSE_ILLEGAL && fpu_first_use(tf))
        return;
    struct fault_info info = describe(tf);
    arch_irq_enable();
    trap_user_fault(tf, &info);
    arch_irq_disable();
}

/* Work is looked for with interrupts off, so none can be posted between the look and sret. */
void trap_do_user_work(struct trap_frame *tf)
{
    while (this_cpu()->work) {
        arch_irq_enable();
        trap_user_work(tf);
        arch_irq_disable();
    }
}

u64 arch_entry_ticks(void)
{
    return this_cpu()->arch.entry->entered;
}

/* An interrupt is no entry of the program's: the next one is timed again. */
static void after_interrupt(struct trap_frame *tf)
{
    struct cpu *cpu = this_cpu();
    if (likely(!cpu->work))
        return;
    if (cpu->work == CPU_WORK_ENTRY)
        cpu->arch.entry->kernel_entry = cpu->arch.entry->timed_entry;
    else
        trap_do_user_work(tf);
}

/* Everything but system calls, which trap_entry.S hands to trap_syscall() itself. */
void trap_from_user(struct trap_frame *tf, u64 cause)
{
    if (cause & SCAUSE_INTERRUPT) {
        handle_interrupt(tf);
        after_interrupt(tf);
        return;
    }
    user_fault(tf);
    if (unlikely(this_cpu()->work))
        trap_do_user_work(tf);
}

void trap_from_kernel(struct trap_frame *tf)
{
    if (tf->cause & SCAUSE_INTERRUPT) {
        handle_interrupt(tf);
        return;
    }
    struct fault_info info = describe(tf);
    bool page = info.kind == FAULT_READ || info.kind == FAULT_WRITE || info.kind == FAULT_EXEC;
    if (page && trap_kernel_fault(tf, &info))
        return;
    panic_trap(tf, "%s in the kernel at pc 0x%llx, address 0x%llx%s", info.cause,
               (unsigned long long)tf->pc, (unsigned long long)info.addr,
               info.addr < PAGE_SIZE ? " (null pointer)" : "");
}

void trap_from_early(struct trap_frame *tf)
{
    panic_trap(tf, "%s during start-up at pc 0x%llx, address 0x%llx", trap_cause(tf->cause)->words,
               (unsigned long long)tf->pc, (unsigned long long)tf->value);
}

void trap_misrouted(struct trap_frame *tf)
{
    panic_trap(tf, "%s in kernel mode came through the user trap entry, pc 0x%llx",
               trap_cause(tf->cause)->words, (unsigned long long)tf->pc);
}

void trap_stack_overflow(struct trap_frame *tf)
{
    vaddr_t sp = tf->x[REG_SP];
    const char *owner = panic_hooks.stack_owner ? panic_hooks.stack_owner(sp) : NULL;
    panic_trap(tf, "kernel stack overflow: stack of %s, sp 0x%llx", owner ? owner : "nobody",
               (unsigned long long)sp);
}
