/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What arch/ reports: faults of programs, the timer, other cpus' interrupts, and the work that is to
 * be done before a return to user mode.
 */
#include <arch/mmu.h>
#include <arch/time.h>
#include <arch/trap.h>
#include <base/lock_check.h>
#include <base/log.h>
#include <base/percpu.h>
#include <kernel/membarrier.h>
#include <kernel/oom.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/tick.h>
#include <kernel/time.h>
#include <kernel/timer.h>
#include <lib/errno.h>
#include <mm/drain.h>
#include <mm/kvm.h>
#include <mm/uvm.h>

/* --- interrupts --- */

void trap_timer(struct trap_frame *tf)
{
    u64 now = arch_ticks();
    struct thread *t = current_thread();
    bool user = tf_from_user(tf);

    timer_run(now);
    sched_tick(now, user);
    if (unlikely(sched_check_due()))
        sched_check_after(t, t->process ? itimer_check(t->process) : TIME_NEVER);
    tick_program(MIN(sched_next_tick(now, user), timer_next()));
}

void trap_ipi(void)
{
    sched_ipi();
    timer_poll();
    mm_drain_poll();
    membarrier_poll();
}

void trap_user_work(struct trap_frame *tf)
{
    if (sched_need_resched())
        sched_preempt();
    if (this_cpu()->work & CPU_WORK_ENTRY)
        sched_entered();
    if (sig_pending(current_thread()))
        sig_deliver(tf);
}

/* --- faults of the kernel --- */

bool trap_kernel_fault(struct trap_frame *tf, const struct fault_info *info)
{
    static const prot_t access[] = {
        [FAULT_READ] = PROT_R, [FAULT_WRITE] = PROT_W, [FAULT_EXEC] = PROT_X};

    (void)tf;
    return info->kind <= FAULT_EXEC && kvm_fix_spurious(info->addr, access[info->kind]);
}

/* --- faults of programs --- */

struct verdict {
    const char *name;
    int sig;
    int code;
};

static struct verdict judge_memory(int err)
{
    switch (err) {
    case -EACCES:
        return (struct verdict){"SIGSEGV", SIGSEGV, SEGV_ACCERR};
    case -EIO:
        return (struct verdict){"SIGBUS", SIGBUS, BUS_ADRERR};
    default:
        return (struct verdict){"SIGSEGV", SIGSEGV, SEGV_MAPERR};
    }
}

static struct verdict judge(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_BUS:
        return (struct verdict){"SIGBUS", SIGBUS, BUS_OBJERR};
    case FAULT_ALIGN:
        return (struct verdict){"SIGBUS", SIGBUS, BUS_ADRALN};
    case FAULT_BREAKPOINT:
        return (struct verdict){"SIGTRAP", SIGTRAP, TRAP_BRKPT};
    case FAULT_ILLEGAL:
        return (struct verdict){"SIGILL", SIGILL, ILL_ILLOPC};
    default:
        return (struct verdict){"SIGILL", SIGILL, ILL_ILLTRP};
    }
}

/* The one line that says why a program dies. */
static void report(struct trap_frame *tf, const struct fault_info *info, const char *signal)
{
    struct thread *t = current_thread();
    char there[96];

    log_warn("%s (pid %d): killed by %s: %s at address 0x%lx, pc 0x%lx: %s", t->name,
             process_pid(t->process), signal, info->cause, info->addr, tf_pc(tf),
             uvm_describe(t->uvm, info->addr, there, sizeof(there)));
}

static void punish(struct trap_frame *tf, const struct fault_info *info, struct verdict verdict)
{
    if (!sig_has_handler(verdict.sig))
        report(tf, info, verdict.name);
    sig_force(verdict.sig, verdict.code, info->addr);
}

/*
 * Somebody is chosen to die for it (kernel/oom.c), and the access is made again. If there is nobody, it is
 * this process after all: not even the handler of a signal could run without memory.
 */
static void out_of_memory(struct trap_frame *tf, const struct fault_info *info)
{
    struct thread *t = current_thread();

    if (oom_handle())
        return;
    log_warn(
        "%s (pid %d): killed: out of memory and nobody else to end: %s at address 0x%lx, pc 0x%lx",
        t->name, process_pid(t->process), info->cause, info->addr, tf_pc(tf));
    process_exit(SIGKILL);
}

static void memory_fault(struct trap_frame *tf, const struct fault_info *info)
{
    static const unsigned access[] = {
        [FAULT_READ] = UVM_R, [FAULT_WRITE] = UVM_W, [FAULT_EXEC] = UVM_X};
    struct thread *t = current_thread();
    int err = uvm_fault(t->uvm, info->addr, access[info->kind]);

    t->faults_minor++;
    if (likely(!err))
        return;
    if (err == -ENOMEM)
        out_of_memory(tf, info);
    else
        punish(tf, info, judge_memory(err));
}

void trap_user_fault(struct trap_frame *tf, const struct fault_info *info)
{
    if (likely(info->kind <= FAULT_EXEC))
        memory_fault(tf, info);
    else
        punish(tf, info, judge(info->kind));
    lock_check_none_held();
}
