/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Panic. Order matters: say the one line early, since everything after it may go wrong too.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <base/atomic.h>
#include <base/lock_check.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <base/symbols.h>
#include <lib/fmt.h>

#define WHAT_MAX 64 /* a description of what a cpu runs */

struct panic_hooks panic_hooks;
static long timeout;
static u32 panics; /* on all cpus: the first one tells the story */

#define CALLER ((vaddr_t)__builtin_return_address(0))

/* What is to be told, besides the arguments of the format. */
struct story {
    vaddr_t at; /* who says so */
    const char *format;
    void (*explain)(const void *arg);
    const void *arg;
};

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

static const char *what_runs(u32 cpu, char *buf, size_t size)
{
    fmt_snprintf(buf, size, "start-up");
    if (panic_hooks.what_runs)
        panic_hooks.what_runs(cpu, buf, size);
    return buf;
}

/* The message itself, once per cpu; a panic inside panic gets this far and no further. */
static void print_line(const char *format, va_list args)
{
    char line[LOG_LINE_MAX];
    fmt_vsnprintf(line, sizeof(line), format, args);
    log_break_lock();
    log_err("panic: %s", line);
}

static void print_here(void)
{
    char what[WHAT_MAX];
    fmt_print(log_raw_sink(), "on cpu %u, running %s\n", cpu_id(),
              what_runs(cpu_id(), what, sizeof(what)));
    lock_check_show(cpu_id());
}

static void print_other(u32 cpu, bool stopped)
{
    struct stop_place place = arch_stop_place(cpu);
    char what[WHAT_MAX], where[SYMBOL_TEXT_MAX];
    fmt_print(log_raw_sink(), "   cpu %u, running %s", cpu, what_runs(cpu, what, sizeof(what)));
    if (!stopped)
        fmt_print(log_raw_sink(), ", does not stop\n");
    else if (place.user)
        fmt_print(log_raw_sink(), ", in user mode at 0x%lx\n", place.pc);
    else
        fmt_print(log_raw_sink(), ", at %s\n", symbol_format(place.pc, where, sizeof(where)));
    lock_check_show(cpu);
}

static void print_others(u32 stopped)
{
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (cpu != cpu_id() && cpu_online(cpu))
            print_other(cpu, stopped >> cpu & 1);
}

/*
 * The first panic of all. The others are asked to stop before the line and waited for behind it: they
 * hardly print into it, and one that is deaf cannot hold it up.
 */
static void tell(struct trap_frame *tf, const struct story *story, va_list args)
{
    arch_stop_others();
    print_line(story->format, args);
    if (story->explain)
        story->explain(story->arg);
    u32 stopped = arch_stop_wait();
    print_here();
    print_others(stopped);
    arch_dump_registers(tf);
    arch_backtrace(tf);
}

static __noreturn void do_panic(struct trap_frame *tf, const struct story *story, va_list args)
{
    arch_irq_disable();
    lock_check_off();
    u32 mine = this_cpu()->panicking++;
    u32 before = atomic_fetch_add(&panics, 1);
    if (before && !mine) /* another cpu is telling its story */
        arch_stop_here(story->at, false);
    if (mine) {
        print_line(story->format, args);
        arch_halt();
    }
    tell(tf, story, args);
    finish();
}

void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    do_panic(NULL, &(struct story){.at = CALLER, .format = format}, args);
}

void panic_trap(struct trap_frame *tf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    do_panic(tf, &(struct story){.at = CALLER, .format = format}, args);
}

void panic_explain(void (*explain)(const void *arg), const void *arg, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    do_panic(NULL, &(struct story){.at = CALLER, .format = format, .explain = explain, .arg = arg},
             args);
}
