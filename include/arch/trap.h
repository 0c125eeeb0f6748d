/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps: the frame that holds a thread's user registers, and the upcalls of arch/.
 *
 * <asm/trap.h> supplies struct trap_frame and the inlines
 *   tf_syscall_nr(tf), tf_arg(tf, n) n = 0..5, tf_result(tf), tf_set_result(tf, value),
 *   tf_pc, tf_set_pc, tf_sp, tf_set_sp, tf_set_arg(tf, n, v), tf_set_tls(tf, tls),
 *   tf_restart_syscall(tf, first_arg): sets pc back to the system call instruction and a0 back,
 *   tf_from_user(tf).
 * At a system call the pc in the frame already points behind the instruction.
 */
#pragma once

#include <lib/types.h>

#include <asm/trap.h>

/* A fresh program: all registers zero but pc and sp, user mode, interrupts on, no FPU state. */
void tf_init_user(struct trap_frame *tf, vaddr_t pc, vaddr_t sp);

/* Why a program (or the kernel) trapped. */
enum fault_kind {
    FAULT_READ,       /* load page fault */
    FAULT_WRITE,      /* store or atomic page fault */
    FAULT_EXEC,       /* instruction page fault */
    FAULT_BUS,        /* access fault: nothing answers at the physical address */
    FAULT_ALIGN,      /* misaligned access or jump */
    FAULT_ILLEGAL,    /* illegal instruction */
    FAULT_BREAKPOINT, /* ebreak */
    FAULT_OTHER,
};

struct fault_info {
    enum fault_kind kind;
    vaddr_t addr;      /* the address that was touched (or the instruction's own) */
    const char *cause; /* the machine's cause in words, for messages */
};

/*
 * When the program last entered the kernel, in ticks. Good while CPU_WORK_ENTRY is set, which an interrupt
 * from user mode has set, and the program has not returned to user mode since.
 */
u64 arch_entry_ticks(void);

/*
 * Named upcalls from arch/riscv/trap.c, in interrupts-off state on the thread's kernel stack.
 *
 * trap_syscall: a system call (kernel/abi). Interrupts have been turned on. Sets the result.
 * trap_user_fault: a synchronous fault in user mode (kernel/trap.c). Interrupts are on.
 * trap_timer, trap_external, trap_ipi: interrupts; return soon, never sleep. trap_timer sets the timer
 *   anew (or off), which also lowers the interrupt.
 * trap_user_work: called before the return to user mode while this_cpu()->work is not 0:
 *   reschedules, delivers signals. Interrupts on at entry and exit.
 * trap_kernel_fault: a page fault in kernel mode, interrupts off. True: it was spurious and has been
 *   dealt with (the kernel's table permits the access now); false: it is a bug, arch panics.
 */
void trap_syscall(struct trap_frame *tf);
void trap_user_fault(struct trap_frame *tf, const struct fault_info *info);
void trap_timer(struct trap_frame *tf);
void trap_external(void);
void trap_ipi(void);
void trap_user_work(struct trap_frame *tf);
bool trap_kernel_fault(struct trap_frame *tf, const struct fault_info *info);
