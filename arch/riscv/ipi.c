/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupting other harts.
 *
 * `outstanding` of a hart is set by who interrupts it and cleared by the hart when it takes the
 * interrupt, before it looks at what it is asked for. Who finds it set has put down his request before
 * the hart will look: a second interrupt, which is a call of the firmware, would tell it nothing.
 */
#include <arch/irq.h>
#include <arch/smp.h>
#include <asm/csr.h>
#include <asm/sbi.h>
#include <asm/smp.h>
#include <base/atomic.h>
#include <base/percpu.h>

struct ipi_counters ipi_counters[CPU_MAX];

static struct {
    u32 outstanding;
} __aligned(64) targets[CPU_MAX];

void ipi_send_anyway(u32 cpu)
{
    atomic_fence(); /* what the other hart is to find comes first */
    sbi_send_ipi(cpu_table[cpu].arch.hartid);
}

void arch_ipi(u32 cpu)
{
    irqflags_t flags = arch_irq_save();
    bool first = !atomic_exchange(&targets[cpu].outstanding, 1u);

    if (first) {
        ipi_counters[cpu_id()].sent++;
        ipi_send_anyway(cpu);
    } else {
        ipi_counters[cpu_id()].saved++;
    }
    arch_irq_restore(flags);
}

/*
 * The pending bit goes first: an interrupt that comes after it is taken anew. A CSR is ordered like a
 * device, so the fence stands between it and the flag, and the flag's exchange before the requests.
 */
void ipi_taken(void)
{
    csr_clear(sip, SIE_SSIE);
    __asm__ volatile("fence o, rw" : : : "memory");
    atomic_exchange(&targets[cpu_id()].outstanding, 0u);
    ipi_counters[cpu_id()].received++;
}
