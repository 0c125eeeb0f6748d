/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Panic. Order matters: say the one line first, since everything after it may go wrong too.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <base/atomic.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <lib/fmt.h>

struct panic_hooks panic_hooks;
static long timeout;
static u32 panics; /* on all cpus: the first one tells the story */

void panic_set_timeout(long seconds)
{
    timeout = seconds;
}

static __noreturn void finish(void)
{
    if (timeout > 0) {
        u64 until = arch_ticks() + (u64)timeout * arch_time_hz;
        while (arch_ticks() < until)
            arch_relax();
    }
    if (timeout && panic_hooks.reset)
        panic_hooks.reset();
    arch_halt();
}

static void print_who(void)
{
    char what[64] = "start-up";
    if (panic_hooks.what_runs)
        panic_hooks.what_runs(what, sizeof(what));
    fmt_print(log_raw_sink(), "on cpu %u, running %s\n", cpu_id(), what);
}

/* The message itself, once per cpu; a panic inside panic gets this far and no further. */
static void print_line(const char *format, va_list args)
{
    char line[LOG_LINE_MAX];
    fmt_vsnprintf(line, sizeof(line), format, args);
    log_break_lock();
    log_err("panic: %s", line);
}

static __noreturn void do_panic(struct trap_frame *tf, const char *format, va_list args)
{
    arch_irq_disable();
    u32 mine = this_cpu()->panicking++;
    u32 before = atomic_fetch_add(&panics, 1);
    if (before && !mine)
        arch_halt(); /* another cpu is telling its story; it also stops us */
    print_line(format, args);
    if (mine)
        arch_halt();
    print_who();
    u32 deaf = arch_stop_others();
    if (deaf)
        fmt_print(log_raw_sink(), "%u other cpus did not stop\n", deaf);
    arch_dump_registers(tf);
    arch_backtrace(tf);
    finish();
}

void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    do_panic(NULL, format, args);
}

void panic_trap(struct trap_frame *tf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    do_panic(tf, format, args);
}
