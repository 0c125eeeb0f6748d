/* SPDX-License-Identifier: BSD-2-Clause */
/* The first way into user mode of a thread: all later ones end a trap. */
#include <arch/context.h>
#include <arch/irq.h>
#include <asm/entry.h>
#include <asm/traps.h>

void arch_enter_user(struct trap_frame *tf)
{
    arch_irq_disable();
    trap_do_user_work(tf);
    trap_user_return(tf);
}
